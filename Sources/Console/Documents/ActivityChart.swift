import Foundation
import Governance

/// What happened, minute by minute.
struct ActivityChart: Encodable, Sendable {
    let minutes: [ActivityItem]
}

/// One minute of it.
struct ActivityItem: Encodable, Sendable {
    let at: String
    let calls: Int64
    let errors: Int64
    let refused: Int64
    let unenforced: Int64
    let credits: Decimal
    /// Milliseconds that half of the calls, and nearly all of them, stayed below; nil where there was none.
    @OrNull var p50Ms: Double?
    @OrNull var p95Ms: Double?
    @OrNull var p99Ms: Double?

    init(_ minute: ActivityMinute) {
        at = minute.begin.instant
        calls = minute.calls
        errors = minute.errors
        refused = minute.refused
        unenforced = minute.unenforced
        credits = minute.credits.decimal
        p50Ms = Self.shown(minute.latencies.percentile(0.5))
        p95Ms = Self.shown(minute.latencies.percentile(0.95))
        p99Ms = Self.shown(minute.latencies.percentile(0.99))
    }

    /// More digits than three would say more than is known.
    private static func shown(_ milliseconds: Double?) -> Double? { milliseconds.map { ($0 * 1000).rounded() / 1000 } }
}
