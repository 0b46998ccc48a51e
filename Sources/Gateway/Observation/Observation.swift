import Governance
import NIOCore
import Tracing
import Upstreams

/// One request as those see it who watch the node: the stages it passes, how long it takes in each, and what becomes of it. A stage lasts
/// from the end of the one before it, so that of each only the end is looked up. Belongs to the task that serves the request.
final class Observation {
    /// A call that was sent upstream, or was about to be.
    struct Call {
        let kind: CallOutcome.Kind
        var cost: Credits
        let accounts: [ChargedAccount]
    }

    let began = NIODeadline.now()
    private var turned: NIODeadline
    private let loop: LoopTasks
    private var call: Call?
    private var isRefused = false
    private var isUnenforced = false
    /// Its spans; nil where nothing is traced.
    let trace: RequestTrace?

    init(on loop: LoopTasks, tracer: (any Tracer)? = nil) {
        self.loop = loop
        turned = began
        let began = began
        trace = tracer.map { RequestTrace($0, began: began) }
    }

    /// Runs one stage, which may be a `call` that goes upstream. The one place that knows of the begin and the end of each.
    func observed<Value, Failure: Error>(
        _ stage: Stage, of call: RoutedCall? = nil, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        trace?.begin(stage, at: turned, of: call)
        var isDone = false
        defer { end(stage, failed: !isDone) }
        let value = try await body()
        isDone = true
        return value
    }

    private func end(_ stage: Stage, failed: Bool) {
        let now = NIODeadline.now()
        loop.metrics.passed(stage, in: now - turned)
        trace?.end(stage, from: turned, at: now, failed: failed)
        turned = now
    }

    /// The upstream has answered, or failed so.
    func forwarded(_ failure: UpstreamFailure? = nil) {
        if let failure { loop.metrics.failed(failure.label) } else { loop.metrics.answered() }
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
    func observation() -> Observation { Observation(on: loopTasks, tracer: configuration.tracer) }
}
