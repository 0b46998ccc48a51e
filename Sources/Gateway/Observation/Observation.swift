/// One request as those see it who watch the node: the stages it passes, and how long it takes in each. A stage lasts from the end of the
/// one before it, so that of each only the end is looked up. Belongs to the task that serves the request.
final class Observation {
    let began = ContinuousClock.now
    private var turned: ContinuousClock.Instant
    private let metrics: GatewayMetrics

    init(_ metrics: GatewayMetrics) {
        self.metrics = metrics
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
        metrics.passed(stage, in: now - turned)
        turned = now
    }
}

extension Gateway {
    /// Begins to watch a request; on its event loop.
    func observation() -> Observation { Observation(loopTasks.metrics) }
}
