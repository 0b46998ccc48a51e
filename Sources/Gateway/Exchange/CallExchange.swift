import Events
import Governance
import Logging
import MCPWire
import NIOCore
import NIOHTTP1
import Upstreams

/// One request that an upstream answers, a tool's call most of all, governed from end to end. Each stage takes what the earlier ones made.
/// Belongs to the task that serves the request; its stages share it.
final class CallExchange {
    let gateway: Gateway
    let agent: Agent
    let reply: any MessageReply
    /// Those of the request, where they may have to repeat arguments of the call.
    let headers: HeaderFields?
    /// The reply of an agent without a session, which may be asked for input.
    let rounds: RoundReply?
    /// What the header `Idempotency-Key` says.
    let headerKey: [UInt8]?
    let observation: Observation

    init(
        gateway: Gateway, agent: Agent, reply: any MessageReply, headers: HeaderFields? = nil, rounds: RoundReply? = nil,
        headerKey: [UInt8]? = nil, observation: Observation? = nil
    ) {
        self.observation = observation ?? gateway.observation()
        self.headerKey = headerKey
        self.gateway = gateway
        self.agent = agent
        self.reply = reply
        self.headers = headers
        self.rounds = rounds
    }

    /// Reads, routes, reserves or goes on with what was reserved, forwards, settles, answers.
    func run(_ message: Message) async {
        await serve(message)
        observation.finish(by: agent)
    }

    private func serve(_ message: Message) async {
        do throws(Refusal) {
            let call = try await observed(.read) { () throws(Refusal) in try read(message) }
            if call.kind == .toolCall, call.name == BuiltIn.ping.name { return await pong(call) }
            let state = try state(of: call)
            let routed = try await observed(.route) { () throws(Refusal) in
                try await route(call, record(of: call, goingOnWith: state))
            }
            observation.trace?.routed(routed)
            if let state, case .node(let node) = state.place { return try await relay(routed, with: state, to: node) }
            let standing = try await observed(.reserve) { () throws(Refusal) in
                if let state { try await take(state, for: routed) } else { try await reserve(routed) }
            }
            guard case .held(let held) = standing else { return try await retell(standing, of: routed) }
            defer { leave(held) }
            await reach(.reserve, held)
            let answered = try await observed(.forward, of: routed) { () throws(Refusal) in try await forward(held) }
            await reach(.answer, held)
            if let questions = questions(in: answered) { return try await ask(questions, of: answered) }
            try await observed(.settle) { () throws(Refusal) in try await settle(answered) }
            await reach(.settle, held)
            await observed(.answer) { await pass(answered.answer, of: held) }
        } catch {
            await observed(.answer) { await refuse(message, error) }
        }
    }

    private func observed<Value, Failure: Error>(
        _ stage: Stage, of call: RoutedCall? = nil, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await observation.observed(stage, of: call, body)
    }

    private func pong(_ call: ForwardedRequest) async {
        let responder = agent.era == .modern ? gateway.responder : nil
        await finish(Outgoing.textResult(id: call.id, text: BuiltIn.pingReply, by: responder))
    }

    /// The one place where a call is answered: an agent that has cancelled it wants none, unless it was the node that has.
    func finish(_ body: [UInt8], status: Int = 200, headers: HTTPHeaders = [:]) async {
        if Task.isCancelled, agent.era == .legacy, !gateway.isCutting {
            await reply.abandon()
        } else {
            await reply.finish(body, status: status, headers: headers)
        }
    }

    private func pass(_ answer: Answer, of held: HeldCall) async {
        observation.trace?.answered(answer.kind)
        let (status, body) = await rendered(answer, of: held.routed, warning: held.warning)
        await reach(.reply, held)
        await finish(body, status: status)
    }

    /// The upstream's answer in the words of this agent's revision, with its HTTP status.
    func rendered(_ answer: Answer, of routed: RoutedCall, warning: String? = nil) async -> (status: Int, body: [UInt8]) {
        let id = routed.call.id
        let content = routed.call.hasContent ? ContentView(for: agent.dialect, shown: await shownURIs(in: answer, of: routed)) : nil
        guard agent.era == .modern else { return (200, answer.addressed(to: id, as: routed.view, content: content, warning: warning)) }
        return answer.addressed(to: id, by: gateway.responder, as: routed.view, content: content, warning: warning)
    }

    private func read(_ message: Message) throws(Refusal) -> ForwardedRequest {
        do { return try ForwardedRequest(message) } catch { throw .malformed(error) }
    }

    /// Holds the price of the call, unless it was made under its key before; while that runs elsewhere it waits.
    private func reserve(_ routed: RoutedCall) async throws(Refusal) -> Standing {
        let call = CallID()
        return try await standing(of: routed) { supplanted throws(Refusal) in
            try await reserve(try charge(for: routed, as: call, supplanting: supplanted), for: routed)
        }
    }

    private func reserve(_ charge: Charge, for routed: RoutedCall) async throws(Refusal) -> Standing {
        if let hold = leased(charge) {
            return begin(HeldCall(routed: routed, charge: charge, hold: hold, deadline: .now() + .milliseconds(routed.timeout)))
        }
        switch try await reservation(of: charge) {
        case .granted(let hold, let excess, let due):
            if !due.isEmpty { gateway.start { [gateway] in await gateway.lapse(due, of: charge.tenant) } }
            return begin(
                HeldCall(
                    routed: routed, charge: charge, hold: hold, deadline: .now() + .milliseconds(routed.timeout),
                    warning: tolerate(excess, charge)))
        case .refused(let reason, _):
            throw .notReserved(reason, charge)
        case .recalled(let recollection):
            return .known(recollection)
        }
    }

    /// From here on the call is this node's to end. One with a key goes on without its agent, who may ask for it again.
    func begin(_ held: HeldCall) -> Standing {
        if let hold = held.hold { gateway.holds.add(hold) }
        if held.charge.record != nil { rounds?.outliveConnection() }
        return .held(held)
    }

    /// Asks the ledger; once more when credit lacks that holds whose lease has ended may free, or slices of nodes.
    private func reservation(of charge: Charge) async throws(Refusal) -> Reservation {
        gateway.leases?.metrics.askedLedger()
        let first = try await ask(charge)
        guard case .refused(.insufficient, let due) = first else { return first }
        return try await again(charge, first, due)
    }

    private func again(_ charge: Charge, _ refused: Reservation, _ due: [CallID]) async throws(Refusal) -> Reservation {
        var latest = refused
        if !due.isEmpty {
            await gateway.lapse(due, of: charge.tenant)
            latest = try await ask(charge)
        }
        guard case .refused(let lack, _) = latest, await regain(lack, charge) else { return latest }
        return try await ask(charge)
    }

    private func ask(_ charge: Charge) async throws(Refusal) -> Reservation {
        do throws(StoreError) {
            return try await gateway.ledger.reserve(charge)
        } catch {
            if case .corrupt(let reason) = error {
                gateway.logger(of: agent).error(
                    "the ledger could not reserve", metadata: ["tenant": "\(charge.tenant)", "reason": "\(reason)"])
                throw .ledgerUnreadable(charge)
            }
            // Whether it ran is unknown: the release leaves a tombstone that a delayed reserve finds.
            if !charge.accounts.isEmpty || charge.record != nil {
                gateway.settlements.later(.release(Hold(charge: charge), outcome(.abandoned)))
            }
            throw error == .notDurable ? .notDurable(hasRun: false) : .storeUnavailable
        }
    }

    /// Sends the call upstream, again with what it asks for, and passes on what comes until the answer; a failure ends the hold.
    private func forward(_ held: HeldCall) async throws(Refusal) -> AnsweredCall {
        let target = held.routed.target
        do throws(UpstreamFailure) {
            if Task.isCancelled { throw .notDispatched(reason: "the agent has gone") }
            let deadline = NIODeadline.now() + .milliseconds(held.routed.timeout)
            let caller = agent.caller(repeating: headers?.parameters ?? [], within: observation.trace?.note)
            var call = held.routed.call
            for _ in 0...Round.most {
                let exchange = try await gateway.catalogues.forward(call, to: target, of: agent.tenant, for: caller, deadline: deadline)
                await reach(.forward, held)
                let answer = try await answer(of: exchange, to: held, until: deadline)
                observation.forwarded()
                guard answer.asksForInput, rounds == nil else {
                    return AnsweredCall(held: held, answer: answer, hasRun: exchange.hasStarted || !answer.provesNotRun)
                }
                call = held.routed.call.continued(with: try await input(for: answer, of: target.upstream, until: deadline))
            }
            throw .needsInput(reason: "asks for input again and again")
        } catch {
            observation.forwarded(error)
            if case .refused(let answer) = error { return AnsweredCall(held: held, answer: answer, hasRun: false) }
            let report = CallReport(error, of: target.upstream, isCancelled: Task.isCancelled)
            await end(held, charged: error.mayHaveRun, kind(of: error), report)
            throw .upstream(error, target.upstream)
        }
    }

    private func kind(of failure: UpstreamFailure) -> CallOutcome.Kind {
        if case .timedOut = failure { return .timeout }
        if Task.isCancelled { return .abandoned }
        return failure.mayHaveRun ? .upstreamError : .notDispatched
    }

    /// Charges the call: nothing from here on turns the upstream's answer into an error, but that a tenant's replicas lack the charge.
    private func settle(_ answered: AnsweredCall) async throws(Refusal) {
        let report = CallReport.answer(answered.answer, warning: answered.held.warning)
        let isSafe =
            switch answered.answer.kind {
            case .result(isError: false): await end(answered.held, charged: true, .ok, at: cost(of: answered), report)
            case .result(isError: true): await end(answered.held, charged: true, .toolError, at: cost(of: answered), report)
            case .error: await end(answered.held, charged: answered.hasRun, .upstreamError, report)
            }
        if !isSafe { throw .notDurable(hasRun: true) }
    }

    /// What was held, or less where the upstream may say so and does.
    private func cost(of answered: AnsweredCall) -> Credits {
        let (held, upstream) = (answered.held.charge.amount, answered.held.routed.target.upstream)
        guard agent.tenant.reportsCost(upstream), let cost = answered.answer.reportedCost.flatMap({ Credits(decimal: $0) }) else {
            return held
        }
        return min(cost, held)
    }

    /// Settles or releases the hold, at what was held where no `cost` is named; a call without one only has its event. `report`: what is
    /// told to those who ask for it again. False where too few replicas are known to have the charge.
    @discardableResult
    func end(
        _ held: HeldCall, charged: Bool, _ kind: CallOutcome.Kind, at cost: Credits? = nil, _ report: CallReport? = nil
    ) async -> Bool {
        let cost = charged ? cost ?? held.charge.amount : .zero
        observation.ended(kind, charged: held.hold == nil ? .zero : cost, in: held.charge.accounts)
        guard let hold = held.hold else {
            publish(held.routed, kind.rawValue)
            return true
        }
        let outcome = outcome(kind)
        let kept = hold.charge.record == nil ? nil : report?.bytes
        let ending: Settlements.Ending =
            charged
            ? .settle(hold, cost: cost, outcome, report: kept.flatMap { $0.count > CallReport.limit ? nil : $0 })
            : .release(hold, outcome)
        // Nobody waits for the answer any more, and in a cancelled task nothing can wait for Redis.
        if Task.isCancelled {
            gateway.settlements.later(ending)
            return true
        }
        switch await gateway.settlements.end(ending, by: held.deadline) {
        case .done(let receipt):
            observation.charged(receipt.charged)
            return true
        case .notDurable: return false
        case .later: return !charged || held.charge.durability == .async
        }
    }

    /// The event of a call that no hold tells of.
    func publish(_ routed: RoutedCall, _ outcome: String) {
        let data: Event.Fields = [
            "tool": .text(routed.label), "upstream": .text(routed.target.upstream.text), "cost": .credits(.zero),
            "durationMs": .integer(self.outcome(.ok).duration), "outcome": .text(outcome),
        ]
        gateway.events.publish(
            Event(.toolCall, tenant: agent.tenant.name, session: agent.session.id, token: agent.grant.token, node: gateway.node, data: data)
        )
    }

    private func outcome(_ kind: CallOutcome.Kind) -> CallOutcome {
        CallOutcome(kind: kind, duration: (NIODeadline.now() - observation.began).nanoseconds / 1_000_000)
    }
}

extension Gateway {
    /// Gives back holds whose lease has ended.
    func lapse(_ calls: [CallID], of tenant: TenantName) async {
        for call in calls where (try? await ledger.lapse(call, of: tenant)) == .lapsed { HoldMetrics.lapsed() }
    }
}
