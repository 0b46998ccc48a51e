import Events
import Governance
import Logging
import MCPWire
import Upstreams

/// A `satgate/delegate` or a `satgate/budget` of an agent: methods of the gateway's own, in every era, over every transport.
struct DelegationExchange {
    let gateway: Gateway
    let agent: Agent
    let reply: any MessageReply
    /// What the header `Idempotency-Key` says.
    var headerKey: [UInt8]?

    /// The methods that it answers.
    static let methods: Set<String> = [Method.delegate, Method.budget]

    /// Answers the request.
    func answer(_ message: Message, _ id: RequestID) async {
        do throws(Fault) {
            let members = try await message.method == Method.budget ? budget() : delegate(message)
            await reply.finish(Outgoing.membersResult(id: id, members, by: agent.era == .modern ? gateway.responder : nil))
        } catch {
            // SatGate's own methods have SatGate's own numbers, as calls have.
            let (status, body) = error.answer(to: id, era: agent.era, toolCall: true)
            await reply.finish(body, status: status, headers: error.retryHeaders)
        }
    }

    // MARK: satgate/delegate

    private func delegate(_ message: Message) async throws(Fault) -> [(String, Outgoing.Value)] {
        let request = try DelegateRequest(message, headerKey: headerKey)
        let (grant, now) = (agent.grant, gateway.now())
        let terms = try ChildTerms(request, of: grant)
        let accounts = gateway.chain(of: agent)
        guard !accounts.isEmpty else { throw .unbudgeted }
        guard let key = gateway.authenticator.signer(of: agent.tenant.name),
            let proposal = DelegatedChild(key: key.id, expires: terms.expiry(after: now, of: grant))
        else { throw .internalError }
        let proposed = try terms.mint(proposal, of: grant, by: key)
        let delegation = Delegation(
            request: name(of: request), fingerprint: terms.fingerprint, tenant: agent.tenant.name, amount: terms.amount, accounts: accounts,
            lineage: grant.lineage, child: proposal, childLineage: proposed.grant.lineage, label: terms.label ?? grant.label,
            session: agent.session.id, node: gateway.node)
        let (child, remaining) = try await carve(delegation)
        guard child != proposal else { return members(proposed.token, proposed.grant, child, terms.amount, remaining) }
        guard let signer = gateway.authenticator.ring.key(child.key) else { throw .internalError }
        let (token, made) = try terms.mint(child, of: grant, by: signer)
        return members(token, made, child, terms.amount, remaining)
    }

    /// What the request's repeats are known by: the agent's key, which is its token's alone, or nothing that anybody else could say.
    private func name(of request: DelegateRequest) -> RequestName {
        let digest = request.key.map { Fingerprint.sha256(of: Array("satgate/delegate/v1\n\(agent.grant.token)\n\($0.text)".utf8)) }
        return digest.flatMap { RequestName($0) } ?? RequestName()
    }

    private func carve(_ delegation: Delegation) async throws(Fault) -> (DelegatedChild, Credits) {
        switch try await ask(delegation) {
        case .delegated(let child, let remaining): return (child, remaining)
        case .refused(let refusal):
            let fault = fault(of: refusal, delegation)
            publish(refusal, fault, delegation)
            throw fault
        }
    }

    /// Asks the store; once more when credit lacks that nodes hold in slices.
    private func ask(_ delegation: Delegation) async throws(Fault) -> DelegationReply {
        do throws(StoreError) {
            let first = try await gateway.delegations.delegate(delegation)
            guard case .refused(.insufficient(let account, _)) = first, let leases = gateway.leases,
                await leases.regain(account, of: delegation.tenant)
            else { return first }
            return try await gateway.delegations.delegate(delegation)
        } catch {
            guard case .corrupt(let reason) = error else { throw .storeUnavailable }
            gateway.logger(of: agent).error("a delegation failed", metadata: ["tenant": "\(delegation.tenant)", "reason": "\(reason)"])
            throw .internalError
        }
    }

    private func members(
        _ token: String, _ grant: Grant, _ child: DelegatedChild, _ amount: Credits, _ remaining: Credits
    ) -> [(String, Outgoing.Value)] {
        [
            ("token", .text(token)), ("tokenId", .text(grant.token.text)), ("budget", .decimal(amount.description)),
            ("parentRemaining", .decimal(remaining.description)), ("budgetId", .text(child.budget.text)),
            ("expires", .integer(child.expires)),
        ]
    }

    private func fault(of refusal: DelegationRefusal, _ delegation: Delegation) -> Fault {
        switch refusal {
        case .revoked: return .invalidRequest("Unauthorized")
        case .conflict: return .idempotencyConflict
        case .noAccount(let account): return .noAccount(budget: account.text)
        case .rolledBack(let account): return .ledgerRollback(budget: account.text)
        case .tooMany(let account): return .tooManyDelegations(budget: account.text)
        case .insufficient(let account, let available):
            let (cost, remaining) = (delegation.amount.description, available.description)
            return available == .zero
                ? .budgetExhausted(tool: Method.delegate, cost: cost, remaining: remaining, budget: account.text)
                : .insufficientBudget(tool: Method.delegate, cost: cost, remaining: remaining, budget: account.text)
        }
    }

    /// Tells of a refusal as of a call's.
    private func publish(_ refusal: DelegationRefusal, _ fault: Fault, _ delegation: Delegation) {
        let kind: Event.Kind
        let budget: AccountName?
        switch refusal {
        case .conflict: return
        case .revoked: (kind, budget) = (.authFailure, nil)
        case .noAccount(let account), .rolledBack(let account), .tooMany(let account): (kind, budget) = (.budgetError, account)
        case .insufficient(let account, let available):
            (kind, budget) = (available == .zero ? .budgetExhausted : .insufficientBudget, account)
        }
        let data: Event.Fields = [
            "tool": .text(Method.delegate), "cost": .credits(delegation.amount), "error": .text(fault.label), "enforced": .flag(true),
        ]
        gateway.events.publish(
            Event(
                kind, tenant: delegation.tenant, session: agent.session.id, token: agent.grant.token, budget: budget, node: gateway.node,
                data: data))
    }
}
