import Governance
import Metrics
import Synchronization

/// What one event loop counts of its requests: handles of its own, so that loops do not write to the same memory.
final class GatewayMetrics: Sendable {
    /// By `Stage.rawValue`.
    private let stages: [Timer]
    /// By the place of the outcome among all.
    private let calls: [Counter]
    private let whole = Timer(label: "satgate_call_duration_seconds")
    private let credits = FloatingPointCounter(label: "satgate_charged_credits_total")
    /// By reason; made as they come, of a fixed set of words.
    private let refusals = Mutex<[String: Counter]>([:])
    private let unenforced = Mutex<[String: Counter]>([:])

    init() {
        stages = Stage.allCases.map { Timer(label: "satgate_stage_duration_seconds", dimensions: [("stage", $0.label)]) }
        calls = CallOutcome.Kind.allCases.map { Counter(label: "satgate_calls_total", dimensions: [("outcome", $0.rawValue)]) }
    }

    func passed(_ stage: Stage, in duration: Duration) { stages[stage.rawValue].recordNanoseconds(duration.nanoseconds) }

    func made(_ kind: CallOutcome.Kind, in duration: Duration, charged cost: Credits) {
        calls[kind.place].increment()
        whole.recordNanoseconds(duration.nanoseconds)
        if cost != .zero { credits.increment(by: Double(cost.micros) / Double(Credits.scale)) }
    }

    /// `reason` is a label of the table of refusals.
    func refused(_ reason: String) { refusals.count(reason, as: "satgate_refusals_total") }

    /// The same of what is made all the same.
    func tolerated(_ reason: String) { unenforced.count(reason, as: "satgate_unenforced_refusals_total") }
}

extension CallOutcome.Kind {
    /// Among all kinds.
    fileprivate var place: Int {
        switch self {
        case .ok: 0
        case .toolError: 1
        case .upstreamError: 2
        case .timeout: 3
        case .notDispatched: 4
        case .abandoned: 5
        }
    }
}

extension Mutex<[String: Counter]> {
    fileprivate borrowing func count(_ reason: String, as name: String) {
        withLock { counters in
            if let known = counters[reason] { return known.increment() }
            let counter = Counter(label: name, dimensions: [("reason", reason)])
            counters[reason] = counter
            counter.increment()
        }
    }
}

extension Duration {
    /// Whole nanoseconds, which 292 years of fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
