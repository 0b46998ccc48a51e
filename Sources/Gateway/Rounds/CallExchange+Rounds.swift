import Governance
import MCPWire
import Macaroons
import NIOCore
import Upstreams

/// The rounds of a call whose agent has no session and whose upstream keeps nothing of the call, or wants it anew: between two of them the
/// call waits in Redis alone, and any node goes on with it.
extension CallExchange {
    /// What the agent goes on with; nil for a call's first round.
    func state(of call: ForwardedRequest) throws(Refusal) -> RoundState? {
        guard rounds != nil, call.takesInput, call.message.paramToken("requestState") != nil else { return nil }
        guard let text = call.message.paramText("requestState"), let request = digest(of: call) else { throw .state(.invalid) }
        do throws(StateFlaw) {
            return try seal.state(in: text, of: agent.grant.token, for: request, now: gateway.now())
        } catch {
            throw .state(error)
        }
    }

    /// Takes the call up again: its hold is this node's now. Where it was taken up already, its agent may have lost what came of that.
    func take(_ state: RoundState, for routed: RoutedCall) async throws(Refusal) -> Standing {
        guard state.upstream == routed.target.upstream else { throw .state(.mismatch) }
        let charge = charge(for: routed, goingOnWith: state)
        let taking: Taking
        do throws(StoreError) {
            taking = try await gateway.rounds.take(state.round, by: CallID(), of: charge.lineage, lease: charge.lease)
        } catch {
            throw .storeUnavailable
        }
        switch taking {
        case .taken: break
        case .used: return try await recollection(of: routed, after: .used)
        case .expired: return try await recollection(of: routed, after: .expired)
        case .revoked: throw .notReserved(.revoked, charge)
        }
        let hold = state.round.isHeld ? Hold(charge: charge) : nil
        return begin(
            HeldCall(
                routed: routed.continued(state.place), charge: charge, hold: hold, deadline: .now() + .milliseconds(routed.timeout),
                round: state.round.number, warning: state.warning))
    }

    /// What an answer asks of the agent before the call is done; nil where it is a final one.
    func questions(in answered: AnsweredCall) -> [InputRequired.Question]? {
        guard agent.era == .modern else { return nil }
        if answered.answer.asksForInput { return InputRequired(answered.answer)?.questions ?? [] }
        guard agent.profile?.abilities.contains(.elicitationByURL) == true else { return nil }
        return answered.answer.urlElicitations
    }

    /// Ends this round with the upstream's questions: the call waits for its agent, with its hold.
    func ask(_ questions: [InputRequired.Question], of answered: AnsweredCall) async throws(Refusal) {
        var held = answered.held
        do throws(Refusal) {
            try check(questions)
            let round = nextRound(held.round + 1, of: held)
            let place: RoundState.Place =
                if answered.answer.asksForInput { .upstream(InputRequired(answered.answer)?.state) } else { .anew }
            guard held.routed.call.takesInput, round.number <= Round.most, !Task.isCancelled,
                let state = sealed(round, of: held, at: place),
                let message = asking(questions, state, of: answered)
            else { throw .upstream(.needsInput, held.routed.target.upstream) }
            gateway.holds.remove(round.call)
            held = try await detached(held)
            try await park(round)
            await note(message, of: held)
            await reply.finish(message)
        } catch {
            // What the upstream was to do it has not done.
            await end(held, charged: false, Task.isCancelled ? .abandoned : .upstreamError)
            throw error
        }
    }

    /// What the agent of the call may answer next.
    func nextRound(_ number: Int, of held: HeldCall) -> Round {
        Round(
            call: held.charge.call, tenant: agent.tenant.name, number: number, isHeld: held.hold != nil, record: held.charge.record?.name)
    }

    private func park(_ round: Round) async throws(Refusal) {
        let parking: Parking
        do throws(StoreError) {
            parking = try await gateway.rounds.park(round, life: gateway.configuration.inputWait)
        } catch {
            throw .storeUnavailable
        }
        guard parking == .parked else { throw .state(.expired) }
    }

    /// Nothing is asked of an agent but what it says that it can be asked.
    private func check(_ questions: [InputRequired.Question]) throws(Refusal) {
        var needed: ClientAbilities = []
        for question in questions {
            guard let ability = question.request.neededAbility else { continue }
            needed.insert(ability)
        }
        let missing = needed.subtracting(agent.profile?.abilities ?? [])
        guard missing.isEmpty else { throw .unable(missing) }
    }

    private func asking(_ questions: [InputRequired.Question], _ state: String, of answered: AnsweredCall) -> [UInt8]? {
        let id = answered.held.routed.call.id
        let upstream = answered.held.routed.target.upstream.text
        guard answered.answer.asksForInput else {
            return Outgoing.inputRequired(id: id, questions: questions, state: state, from: upstream, by: gateway.responder)
        }
        guard questions.allSatisfy({ $0.request.neededAbility != nil }) else { return nil }
        return answered.answer.asking(id, state: state, from: upstream, by: gateway.responder)
    }
}

// MARK: State

extension CallExchange {
    /// The state of the call that waits for its agent; nil where it cannot be sealed.
    func sealed(_ round: Round, of held: HeldCall, at place: RoundState.Place) -> String? {
        guard let request = digest(of: held.routed.call) else { return nil }
        return seal.text(
            of: RoundState(
                round: round, principal: agent.grant.token, request: request, expires: gateway.now() + gateway.configuration.inputWait,
                price: held.charge.amount, accounts: held.hold == nil ? [] : held.charge.accounts.map(\.name),
                upstream: held.routed.target.upstream, place: place, warning: held.warning))
    }

    private var seal: StateSeal {
        StateSeal(roots: gateway.authenticator.roots(of: agent.tenant.name), tenant: agent.tenant.name)
    }

    /// Of what is asked of the upstream: what the call is about, and its arguments as they are written.
    private func digest(of call: ForwardedRequest) -> Digest? {
        let arguments = call.message.paramToken("arguments") ?? []
        return SHA256.digest(of: Array("\(call.method)\n\(call.name.utf8.count)\n\(call.name)\n".utf8) + arguments)
    }
}

extension ForwardedRequest {
    /// Upstreams may ask for input before they answer it.
    var takesInput: Bool {
        switch kind {
        case .toolCall, .prompt, .resource: true
        case .promptCompletion, .resourceCompletion: false
        }
    }
}

extension RoutedCall {
    /// The same call with what its agent goes on with.
    fileprivate func continued(_ place: RoundState.Place) -> RoutedCall {
        guard case .upstream(let state) = place else { return self }
        let input = Continuation(inputResponses: call.message.paramToken("inputResponses"), requestState: state)
        return RoutedCall(
            call: call.continued(with: input), target: target, price: price, tool: tool, timeout: timeout, view: view, rivals: rivals,
            record: record)
    }
}

extension Refusal {
    /// What of the table an agent is told that cannot go on with its call.
    static func fault(of flaw: StateFlaw) -> Fault {
        switch flaw {
        case .invalid: .stateInvalid
        case .mismatch: .stateMismatch
        case .expired: .stateExpired
        case .used: .stateUsed
        }
    }
}
