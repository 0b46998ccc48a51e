import Governance
import Metrics
import NIOCore
import Synchronization

/// What one event loop counts of its requests: handles of its own, so that loops do not write to the same memory.
final class GatewayMetrics: Sendable {
    private static let forwarded = "satgate_upstream_calls_total"
    private static let refused = "satgate_refusals_total"
    private static let tolerated = "satgate_refusals_unenforced_total"
    /// What is counted from the start at 0, so that the first one is seen as a rise.
    private static let failures = ["not_dispatched", "store_unavailable", "timed_out", "broken", "refused", "needs_input"]
    private static let tolerable = ["budget_exhausted", "insufficient_budget", "no_account", "unbudgeted", "ledger_rollback"]
    private static let usual =
        tolerable + ["unauthenticated", "scope", "rate_limited", "upstream_error", "upstream_timeout", "store_unavailable", "not_durable"]

    /// By `Stage.rawValue`.
    private let stages: [Timer]
    /// By the place of the outcome among all.
    private let calls: [Counter]
    private let whole = Timer(label: "satgate_call_duration_seconds")
    private let credits = FloatingPointCounter(label: "satgate_charged_credits_total")
    private let answers = Counter(label: GatewayMetrics.forwarded, dimensions: [("outcome", "answered")])
    /// Failures of upstreams by kind, made as they come, of a fixed set of words.
    private let forwards = Mutex<[String: Counter]>([:])
    /// By reason; made as they come, of a fixed set of words.
    private let refusals = Mutex<[String: Counter]>([:])
    private let unenforced = Mutex<[String: Counter]>([:])

    init() {
        stages = Stage.allCases.map { Timer(label: "satgate_stage_duration_seconds", dimensions: [("stage", $0.label)]) }
        for each in Self.failures { forwards.count(each, as: Self.forwarded, by: "outcome", adding: 0) }
        for each in Self.usual { refusals.count(each, as: Self.refused, adding: 0) }
        for each in Self.tolerable { unenforced.count(each, as: Self.tolerated, adding: 0) }
        calls = CallOutcome.Kind.allCases.map { Counter(label: "satgate_calls_total", dimensions: [("outcome", $0.rawValue)]) }
    }

    func passed(_ stage: Stage, in duration: TimeAmount) { stages[stage.rawValue].recordNanoseconds(duration.nanoseconds) }

    func made(_ kind: CallOutcome.Kind, in duration: TimeAmount, charged cost: Credits) {
        calls[kind.place].increment()
        whole.recordNanoseconds(duration.nanoseconds)
        if cost != .zero { credits.increment(by: Double(cost.micros) / Double(Credits.scale)) }
    }

    /// The upstream has not answered; `outcome` is the label of its failure.
    func failed(_ outcome: String) { forwards.count(outcome, as: Self.forwarded, by: "outcome") }

    /// The upstream has answered.
    func answered() { answers.increment() }

    /// `reason` is a label of the table of refusals.
    func refused(_ reason: String) { refusals.count(reason, as: Self.refused) }

    /// The same of what is made all the same.
    func tolerated(_ reason: String) { unenforced.count(reason, as: Self.tolerated) }
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
    fileprivate borrowing func count(_ reason: String, as name: String, by label: String = "reason", adding amount: Int64 = 1) {
        withLock { counters in
            if let known = counters[reason] { return known.increment(by: amount) }
            let counter = Counter(label: name, dimensions: [(label, reason)])
            counters[reason] = counter
            counter.increment(by: amount)
        }
    }
}
