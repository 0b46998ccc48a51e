import Events
import Governance
import MCPWire
import Upstreams

extension CallExchange {
    /// What the call would cost and in which accounts: the tenant's cap, the caps of the chain, the budget. None for a price of 0.
    /// `supplanted`: the call under its key that it may take over.
    func charge(
        for routed: RoutedCall, as call: CallID = CallID(), supplanting supplanted: CallID? = nil
    ) throws(Refusal) -> Charge {
        if routed.price != .zero, isUnbudgeted, agent.tenant.mode == .hard { throw .unbudgeted }
        let accounts = routed.price == .zero ? [] : chain.accounts
        let record = routed.record.map { CallRecord(name: $0.name, fingerprint: $0.fingerprint, supplants: supplanted) }
        return charge(call, of: routed.price, in: accounts, for: routed, record, rates: rates(for: routed))
    }

    /// What the call costs that an agent goes on with, as it was reserved; it counted for rates when it began.
    func charge(for routed: RoutedCall, goingOnWith state: RoundState) -> Charge {
        charge(state.round.call, of: state.price, in: state.accounts.map { gateway.account($0, of: agent) }, for: routed, routed.record)
    }

    /// The hold of a call that this node reserves from what it took beforehand; nil: the ledger is to be asked.
    ///
    /// That is so for whatever else the ledger looks at in a reserve.
    func leased(_ charge: Charge) -> Hold? {
        guard let leases = gateway.leases, !gateway.isLeaving, charge.isOfNothingElse else { return nil }
        let chain = chain
        guard chain.isStrict, chain.mayLease(usually: gateway.configuration.leasesBudgets) else { return nil }
        return leases.reserve(charge)
    }

    /// Has nodes give back what they took beforehand of an account in which credit lacks that is held; true where another try is worthwhile.
    func regain(_ refusal: ReservationRefusal, _ charge: Charge) async -> Bool {
        guard let leases = gateway.leases, case .insufficient(let account, let available, let held) = refusal,
            held.micros >= charge.amount.micros - available.micros,
            chain.mayLease(account, usually: gateway.configuration.leasesBudgets)
        else { return false }
        return await leases.regain(account, of: charge.tenant)
    }

    /// The call with a hold of its own where it was reserved from a slice: it is to wait, and any node may go on with it.
    func detached(_ held: HeldCall) async throws(Refusal) -> HeldCall {
        guard let leases = gateway.leases, let hold = held.hold, hold.slice != nil else { return held }
        let own: Hold?
        do throws(StoreError) { own = try await leases.detach(hold) } catch { throw .storeUnavailable }
        guard let own else { throw .state(.expired) }
        return HeldCall(
            routed: held.routed, charge: held.charge, hold: own, deadline: held.deadline, round: held.round, warning: held.warning)
    }

    /// A charge of nothing, by which the ledger judges the token.
    func judging(_ routed: RoutedCall) -> Charge { charge(CallID(), of: .zero, in: [], for: routed, nil) }

    /// The token names no account, there is none for such tokens, and the tenant wants one.
    var isUnbudgeted: Bool {
        agent.grant.budget == nil && agent.grant.caps.isEmpty && agent.tenant.defaultBudget == nil && agent.tenant.unbudgeted == .refuse
    }

    private func charge(
        _ call: CallID, of amount: Credits, in accounts: [ChargedAccount], for routed: RoutedCall, _ record: CallRecord?,
        rates: [RateLimit] = []
    ) -> Charge {
        let context = CallContext(
            session: agent.session.id, token: agent.grant.token, budget: accounts.last?.name, node: gateway.node,
            tool: routed.label, upstream: routed.target.upstream)
        return Charge(
            call: call, tenant: agent.tenant.name, amount: amount, accounts: accounts, session: agent.provenSession,
            transport: agent.session.transport, renewsSession: agent.renewsSession, lineage: agent.grant.lineage,
            lease: gateway.configuration.lease, context: context, record: record, rates: rates, durability: agent.tenant.durability)
    }

    private var chain: AccountChain { agent.principal.accounts(at: gateway.now(), by: gateway.windows) }

    /// What the call counts for: the token's root, the tool by the name that agents know, the tenant.
    private func rates(for routed: RoutedCall) -> [RateLimit] {
        let terms = agent.tenant.rateLimits
        guard !terms.isEmpty else { return [] }
        var rates: [RateLimit] = []
        if let rate = terms.token { rates.append(rate.limit(on: "token.\(agent.grant.lineage.first ?? agent.grant.token)")) }
        if let tool = routed.tool, let rate = terms.tools[tool] { rates.append(rate.limit(on: "tool.\(tool)")) }
        if let rate = terms.tenant { rates.append(rate.limit(on: "tenant")) }
        return rates
    }
}

extension Charge {
    /// Its price is all that there is to it.
    fileprivate var isOfNothingElse: Bool {
        amount != .zero && !accounts.isEmpty && record == nil && rates.isEmpty && durability == .async
            && !(session != nil && renewsSession)
    }
}

// MARK: What passes though it exceeds

extension CallExchange {
    /// Tells why the call would have been refused, were every account strict; answers what its agent is warned of.
    func tolerate(_ excess: ReservationRefusal?, _ charge: Charge) -> String? {
        if let excess { return tolerate(.notReserved(excess, charge), by: agent.tenant.mode(after: excess), charge) }
        guard isUnbudgeted, charge.amount != .zero else { return nil }
        return tolerate(.unbudgeted, by: agent.tenant.mode, charge)
    }

    private func tolerate(_ refusal: Refusal, by mode: Tenant.Mode, _ charge: Charge) -> String? {
        if let event = refusal.event(agent, tool: charge.context.tool, node: gateway.node, isEnforced: false) {
            gateway.events.publish(event)
        }
        observation.tolerated(refusal.label)
        return mode == .soft ? refusal.fault.label : nil
    }
}

extension Tenant {
    /// The mode of the account that the refusal is about.
    fileprivate func mode(after refusal: ReservationRefusal) -> Mode {
        switch refusal {
        case .noAccount(let account), .insufficient(let account, _, _), .rolledBack(let account): mode(of: account)
        case .sessionGone, .revoked, .ended, .conflict, .rateLimited: mode
        }
    }
}
