import Governance
import MCPWire
import Upstreams

extension CallExchange {
    /// What the call would cost and in which accounts: the tenant's cap, the caps of the chain, the budget. None for a price of 0.
    func charge(for routed: RoutedCall) throws(Refusal) -> Charge {
        let accounts = routed.price == .zero ? [] : try accounts()
        return charge(CallID(), of: routed.price, in: accounts, for: routed)
    }

    /// What the call costs that an agent goes on with, as it was reserved.
    func charge(for routed: RoutedCall, goingOnWith state: RoundState) -> Charge {
        charge(state.round.call, of: state.price, in: state.accounts.map { ChargedAccount(name: $0) }, for: routed)
    }

    /// A charge of nothing, by which the ledger judges the token.
    func judging(_ routed: RoutedCall) -> Charge { charge(CallID(), of: .zero, in: [], for: routed) }

    private func charge(_ call: CallID, of amount: Credits, in accounts: [ChargedAccount], for routed: RoutedCall) -> Charge {
        let context = CallContext(
            session: agent.session.id, token: agent.grant.token, budget: accounts.last?.name, node: gateway.node,
            tool: routed.label, upstream: routed.target.upstream)
        return Charge(
            call: call, tenant: agent.tenant.name, amount: amount, accounts: accounts, session: agent.provenSession,
            transport: agent.session.transport, renewsSession: agent.renewsSession, lineage: agent.grant.lineage,
            lease: gateway.configuration.lease, context: context, durability: agent.tenant.durability)
    }

    private func accounts() throws(Refusal) -> [ChargedAccount] {
        let grant = agent.grant
        let tenant = agent.tenant
        var accounts: [ChargedAccount] = []
        if let cap = tenant.cap { accounts.append(ChargedAccount(name: .tenant, opening: cap.limit)) }
        for cap in grant.caps {
            accounts.append(ChargedAccount(name: .cap(cap.prefix), opening: cap.limit, expires: grant.expires + Self.day))
        }
        if let budget = grant.budget ?? (grant.caps.isEmpty ? tenant.defaultBudget : nil) {
            accounts.append(ChargedAccount(name: .budget(budget), opening: tenant.budgets[budget]?.limit))
        } else if grant.caps.isEmpty, tenant.unbudgeted == .refuse {
            throw .unbudgeted
        }
        return accounts
    }

    /// Milliseconds.
    private static var day: Int64 { 86_400_000 }
}
