import Events
import Governance
import MCPWire
import NIOHTTP1
import Upstreams

/// Why a call is not made or brings no result.
enum Refusal: Error {
    case malformed(WireError)
    case unknownTool(String)
    case unknownPrompt(String)
    case unknownResource(String)
    /// With what the agent called it.
    indirect case outOfScope(String, Wanted)
    /// A header of that name does not say what the call's argument says.
    case headerMismatch(String)
    case unbudgeted
    case notReserved(ReservationRefusal, Charge)
    case ledgerUnreadable(Charge)
    case storeUnavailable
    /// Too few replicas have what was written of the call, which has run or was not made.
    case notDurable(hasRun: Bool)
    /// The call that the agent wants to go on with cannot be gone on with.
    case state(StateFlaw)
    /// The upstream asks the agent what it cannot be asked.
    case unable(ClientAbilities)
    /// The node that has the call is gone.
    case nodeLost
    case upstream(UpstreamFailure, UpstreamName)
    /// Its agent has cancelled the call that is asked for again.
    case cancelled(UpstreamName)
    /// The agent's key stands for another call.
    case conflict
    /// The call of the agent's key runs still.
    case inProgress
    /// The call of the agent's key has ended, and what came of it is not kept.
    case resultNotKept(Credits)

    /// The refusal in the words of the wire.
    var fault: Fault {
        switch self {
        case .malformed(let error): Fault(error)
        case .unknownTool(let name): .unknownTool(name)
        case .unknownPrompt(let name): .unknownPrompt(name)
        case .unknownResource(let uri): .unknownResource(uri)
        case .outOfScope(let name, _): .scope(tool: name)
        case .headerMismatch(let header): .headerMismatch("\(header) is not the argument")
        case .unbudgeted: .unbudgeted
        case .notReserved(let reason, let charge): reason.fault(charge)
        case .ledgerUnreadable(let charge): .noAccount(budget: charge.context.budget?.text ?? "")
        case .storeUnavailable: .storeUnavailable
        case .notDurable(let hasRun): .notDurable(hasRun: hasRun)
        case .state(let flaw): Self.fault(of: flaw)
        case .unable(let abilities): .missingCapability(abilities)
        case .nodeLost: .nodeLost
        case .cancelled(let name): .cancelled(upstream: name.text)
        case .conflict: .idempotencyConflict
        case .inProgress: .inProgress
        case .resultNotKept(let charged): .resultNotKept(charged: "\(charged)")
        case .upstream(.storeUnavailable, _): .storeUnavailable
        case .upstream(.timedOut, let name): .upstreamTimeout(upstream: name.text)
        case .upstream(let failure, let name): .upstreamError(upstream: name.text, reason: failure.reason)
        }
    }

    /// One of a fixed set of words, for those who count.
    var label: String { if case .notReserved(.revoked, _) = self { Rejection.unauthenticatedLabel } else { fault.label } }

    /// The event that tells of it; nil where there is none. `isEnforced`: false where the call is made all the same.
    func event(_ agent: Agent, tool: String, node: NodeID, isEnforced: Bool = true) -> Event? {
        let budget: AccountName?
        let kind: Event.Kind
        var cost = Credits.zero
        switch self {
        case .outOfScope: (kind, budget) = (.authFailure, nil)
        case .unbudgeted: (kind, budget) = (.budgetError, nil)
        case .ledgerUnreadable(let charge): (kind, budget, cost) = (.budgetError, charge.context.budget, charge.amount)
        case .notReserved(.insufficient(let account, let available, _), let charge):
            (kind, budget, cost) = (available == .zero ? .budgetExhausted : .insufficientBudget, account, charge.amount)
        case .notReserved(.noAccount(let account), let charge), .notReserved(.rolledBack(let account), let charge):
            (kind, budget, cost) = (.budgetError, account, charge.amount)
        case .notReserved(.revoked, _): (kind, budget) = (.authFailure, nil)
        case .notReserved(.rateLimited, let charge): (kind, budget, cost) = (.rateLimited, nil, charge.amount)
        case .malformed, .unknownTool, .unknownPrompt, .unknownResource, .headerMismatch, .storeUnavailable, .upstream, .notReserved,
            .state, .unable, .nodeLost, .cancelled, .conflict, .inProgress, .resultNotKept, .notDurable:
            return nil
        }
        let data: Event.Fields = ["tool": .text(tool), "cost": .credits(cost), "error": .text(fault.label), "enforced": .flag(isEnforced)]
        return Event(
            kind, tenant: agent.tenant.name, session: agent.session.id, token: agent.grant.token, budget: budget, node: node, data: data)
    }
}

extension ReservationRefusal {
    fileprivate func fault(_ charge: Charge) -> Fault {
        switch self {
        case .sessionGone: .sessionNotFound
        case .revoked: .invalidRequest("Unauthorized")
        case .noAccount(let account): .noAccount(budget: account.text)
        case .conflict: .idempotencyConflict
        case .ended: .internalError
        case .rateLimited(let wait): .rateLimited(retryAfter: Int((wait + 999) / 1000))
        case .rolledBack(let account): .ledgerRollback(budget: account.text)
        case .insufficient(let account, let available, _):
            available == .zero
                ? .budgetExhausted(tool: charge.context.tool, cost: "\(charge.amount)", remaining: "0", budget: account.text)
                : .insufficientBudget(
                    tool: charge.context.tool, cost: "\(charge.amount)", remaining: "\(available)", budget: account.text)
        }
    }
}

extension CallExchange {
    /// The one place where a call is refused: one answer to the agent, at most one event.
    func refuse(_ message: Message, _ refusal: Refusal) async {
        if case .notReserved(.sessionGone, _) = refusal { gateway.sessions.drop(agent.session.id) }
        let isToolCall = message.method == Method.toolsCall
        if let event = refusal.event(agent, tool: RoutedCall.label(of: message), node: gateway.node) { gateway.events.publish(event) }
        observation.refused(refusal.label)
        let fault = refusal.fault
        observation.trace?.refused(fault, code: fault.code(era: agent.era, toolCall: isToolCall))
        var (status, body) = fault.answer(to: message.id, era: agent.era, toolCall: isToolCall)
        var headers = fault.retryHeaders
        if let rejection = rejection(of: refusal) { (status, headers) = (Int(rejection.status.code), rejection.headers) }
        await finish(body, status: status, headers: headers)
    }

    /// What HTTP says of the token of a refused call; nil where the token was good.
    private func rejection(of refusal: Refusal) -> Rejection? {
        switch refusal {
        case .notReserved(.revoked, _): .unauthenticated(gateway.challenge(.invalidToken))
        case .outOfScope(_, let wanted): agent.grant.access.map { .insufficientScope(gateway.challenge(lacking: wanted, $0)) }
        default: nil
        }
    }
}
