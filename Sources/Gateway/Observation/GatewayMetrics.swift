import Metrics

/// What one event loop counts of its requests: handles of its own, so that loops do not write to the same memory.
final class GatewayMetrics: Sendable {
    /// By `Stage.rawValue`.
    private let stages: [Timer]

    init() {
        stages = Stage.allCases.map { Timer(label: "satgate_stage_duration_seconds", dimensions: [("stage", $0.label)]) }
    }

    func passed(_ stage: Stage, in duration: Duration) { stages[stage.rawValue].recordNanoseconds(duration.nanoseconds) }
}

extension Duration {
    /// Whole nanoseconds, which 292 years of fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
