import Governance
import MCPWire
import NIOCore
import Upstreams

/// The rounds of a call whose agent has no session and whose upstream asks while it works: the call stays open at this node, which sends the
/// agent's input upstream wherever it arrives.
extension CallExchange {
    /// Has the agent answer the upstream's question: its request ends with it, the call goes on with its next. Nothing is read of the
    /// upstream meanwhile, so of several questions each has its round.
    func ask(_ question: Message, of held: HeldCall, over reply: RoundReply, on exchange: UpstreamExchange) async throws(UpstreamFailure) {
        guard let id = question.id else { return }
        // An agent that leaves an answer out is asked again.
        while held.routed.call.takesInput, reply.number < Round.most {
            let round = nextRound(reply.begin(), of: held)
            let key = JSONText.string("input-\(round.number)")
            guard let state = sealed(round, of: held, at: .node(gateway.node)) else { break }
            let wait = gateway.configuration.inputWait
            exchange.extend(to: .now() + .milliseconds(wait) + .seconds(5))
            let asked = Outgoing.inputRequired(
                id: held.routed.call.id, questions: [.init(key: key, request: question)], state: state,
                from: held.routed.target.upstream.text, by: gateway.responder)
            await end(round, of: held, with: asked, over: reply)
            let input = try await input(of: round, within: .milliseconds(wait), on: exchange)
            await note(nil, of: held)
            reply.goOn(to: RelayedReply(gateway, to: input))
            exchange.extend(to: .now() + .milliseconds(held.routed.timeout))
            if let answer = InputResponses(input.responses)?.answer(to: key) {
                return exchange.respond(Outgoing.response(to: id, result: answer))
            }
        }
        exchange.respond(Outgoing.methodNotFound(id: id))
    }

    /// Ends the request at hand with what is asked; the call waits for its agent, who can have it stopped only where it has no key.
    private func end(_ round: Round, of held: HeldCall, with asked: [UInt8], over reply: RoundReply) async {
        var stop = reply.stop
        if round.record != nil { stop = {} }
        let wait = Duration.milliseconds(gateway.configuration.inputWait)
        gateway.parked.open(round.call, round: round.number, until: .now + wait, stop: stop)
        await note(asked, of: held)
        await reply.finish(asked)
    }

    /// The call is over: what may still come for it at this node finds nothing.
    func leave(_ held: HeldCall) {
        if let rounds, rounds.number > 0 { gateway.parked.end(held.charge.call) }
    }

    private func input(of round: Round, within limit: TimeAmount, on exchange: UpstreamExchange) async throws(UpstreamFailure)
        -> ParkedCalls.Input
    {
        // Upstreams keep sessions for agents that are here; one that is asked is.
        let presence = gateway.loop.scheduleRepeatedTask(initialDelay: .seconds(60), delay: .seconds(60)) { [gateway, agent] _ in
            gateway.start { _ = try? await gateway.appear(agent) }
        }
        defer { presence.cancel() }
        switch await gateway.parked.input(of: round.call, on: gateway.loop, within: limit) {
        case .input(let input): return input
        case .draining:
            exchange.cancel()
            throw .notDispatched(reason: "the node stops")
        case .nobody:
            // As when an agent leaves: what has run is charged.
            withUnsafeCurrentTask { $0?.cancel() }
            exchange.cancel()
            throw .broken(reason: "the agent did not come back")
        }
    }
}

// MARK: The agent's request

extension CallExchange {
    /// Hands the agent's input to the node that has the call, and passes on what comes from there until the round ends. Of a call with a
    /// key that has ended before its node was lost, what came of it is told.
    func relay(_ routed: RoutedCall, with state: RoundState, to node: NodeID) async throws(Refusal) {
        try await judge(routed, state)
        if routed.record != nil { rounds?.outliveConnection() }
        do throws(Refusal) {
            try await passInput(of: routed, with: state, to: node)
        } catch {
            guard case .nodeLost = error, let record = routed.record, case .done(let charged, let report) = try await recall(record) else {
                throw error
            }
            try await retell(.known(.done(charged: charged, report: report)), of: routed)
        }
    }

    private func passInput(of routed: RoutedCall, with state: RoundState, to node: NodeID) async throws(Refusal) {
        let relay = CallID()
        let input = routed.call.message.paramToken("inputResponses") ?? []
        let resume = RelayMessage(relay, .resume(from: gateway.node, state.round.call, round: state.round.number, input))
        let arrivals = gateway.relays.open(relay)
        let clock = gateway.loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [gateway] _ in
            gateway.relays.deliver(.silence, to: relay)
        }
        defer {
            clock.cancel()
            gateway.relays.close(relay)
        }
        try await say(resume, to: node)
        var silence = 0
        for await arrival in arrivals {
            guard case .message(let content) = arrival else {
                silence += 1
                guard silence < Self.longestSilence, node == gateway.node || gateway.isAlive(node) else { throw .nodeLost }
                try await say(RelayMessage(relay, .poll(from: gateway.node)), to: node)
                continue
            }
            // What is not known there was lost on the way, which is as bad as silence.
            if content == .unknown { try await say(resume, to: node) } else { silence = 0 }
            if try await take(content, of: routed) { return }
        }
        // Only a request whose agent has gone ends so.
        gateway.start { [gateway] in _ = try? await gateway.send(RelayMessage(relay, .abandon), to: node) }
    }

    /// Seconds without a word of the other node.
    private static var longestSilence: Int { 10 }

    /// Passes on what has come; true at the end.
    private func take(_ content: RelayMessage.Content, of routed: RoutedCall) async throws(Refusal) -> Bool {
        switch content {
        case .ahead(let bytes):
            guard let message = try? Message(bytes) else { return false }
            let shown = message.method == Method.progress ? routed.call.progress(message) : bytes
            if let shown { await reply.notify(shown, until: .now() + .milliseconds(routed.timeout)) }
            return false
        case .last(let status, let bytes):
            guard let message = try? Message(bytes) else { throw .nodeLost }
            await reply.finish(message.readdressed(to: routed.call.id), status: status)
            return true
        case .refused(let taking):
            try await retell(recollection(of: routed, after: taking == .used ? .used : .expired), of: routed)
            return true
        case .resume, .poll, .abandon, .alive, .unknown: return false
        }
    }

    private func say(_ message: RelayMessage, to node: NodeID) async throws(Refusal) {
        do throws(StoreError) {
            guard try await gateway.send(message, to: node) else { throw StoreError.corrupt("nobody") }
        } catch {
            if case .corrupt = error { throw .nodeLost }
            throw .storeUnavailable
        }
    }

    /// The token may have been revoked since the call began.
    private func judge(_ routed: RoutedCall, _ state: RoundState) async throws(Refusal) {
        guard state.upstream == routed.target.upstream else { throw .state(.mismatch) }
        let charge = judging(routed)
        let reservation: Reservation
        do throws(StoreError) { reservation = try await gateway.ledger.reserve(charge) } catch { throw .storeUnavailable }
        if case .refused(let reason, _) = reservation { throw .notReserved(reason, charge) }
    }
}
