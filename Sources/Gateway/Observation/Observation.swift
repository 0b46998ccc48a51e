import Governance

/// One request as those see it who watch the node: the stages it passes, how long it takes in each, and what becomes of it. A stage lasts
/// from the end of the one before it, so that of each only the end is looked up. Belongs to the task that serves the request.
final class Observation {
    /// A call that was sent upstream, or was about to be.
    struct Call {
        let kind: CallOutcome.Kind
        var cost: Credits
        let accounts: [ChargedAccount]
    }

    let began = ContinuousClock.now
    private var turned: ContinuousClock.Instant
    private let loop: LoopTasks
    private var call: Call?
    private var isRefused = false
    private var isUnenforced = false

    init(on loop: LoopTasks) {
        self.loop = loop
        turned = began
    }

    /// Runs one stage. The one place that knows of the begin and the end of each.
    func observed<Value, Failure: Error>(
        _ stage: Stage, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        defer { end(stage) }
        return try await body()
    }

    private func end(_ stage: Stage) {
        let now = ContinuousClock.now
        loop.metrics.passed(stage, in: now - turned)
        turned = now
    }

    /// The call has ended so, for that price.
    func ended(_ kind: CallOutcome.Kind, charged cost: Credits = .zero, in accounts: [ChargedAccount] = []) {
        call = Call(kind: kind, cost: cost, accounts: accounts)
    }

    /// What the books say that it was charged.
    func charged(_ cost: Credits) { call?.cost = cost }

    /// The agent was told why it has no result; `reason` is a label of the table of refusals.
    func refused(_ reason: String) {
        isRefused = true
        loop.metrics.refused(reason)
    }

    /// The same, but that the call is made.
    func tolerated(_ reason: String) {
        isUnenforced = true
        loop.metrics.tolerated(reason)
    }

    /// The agent has its answer: all that was seen is counted.
    func finish(by agent: Agent) {
        let duration = turned - began
        if let call { loop.metrics.made(call.kind, in: duration, charged: call.cost) }
        loop.count { $0.count(call, isRefused: isRefused, isUnenforced: isUnenforced, in: duration, by: agent) }
    }
}

extension Gateway {
    /// Begins to watch a request; on its event loop.
    func observation() -> Observation { Observation(on: loopTasks) }
}
