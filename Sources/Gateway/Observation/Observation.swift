import Tracing

/// One request as those see it who watch the node: the stages it passes, and how long it takes in each. A stage lasts from the end of the
/// one before it, so that of each only the end is looked up. Belongs to the task that serves the request.
final class Observation {
    let began = ContinuousClock.now
    private var turned: ContinuousClock.Instant
    private let metrics: GatewayMetrics
    /// Its spans; nil where nothing is traced.
    let trace: RequestTrace?

    init(_ metrics: GatewayMetrics, tracer: (any Tracer)? = nil) {
        self.metrics = metrics
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
        let now = ContinuousClock.now
        metrics.passed(stage, in: now - turned)
        trace?.end(stage, from: turned, at: now, failed: failed)
        turned = now
    }
}

extension Gateway {
    /// Begins to watch a request; on its event loop.
    func observation() -> Observation { Observation(loopTasks.metrics, tracer: configuration.tracer) }
}
