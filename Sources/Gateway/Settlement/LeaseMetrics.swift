import Governance
import Metrics

/// What a node's leases count.
struct LeaseMetrics: Sendable {
    private let local = Counter(label: "satgate_reservations_total", dimensions: [("way", "slice")])
    private let asked = Counter(label: "satgate_reservations_total", dimensions: [("way", "ledger")])
    private let taken = LeaseMetrics.slices("taken")
    private let near = LeaseMetrics.slices("near")
    private let refused = LeaseMetrics.slices("refused")
    private let failed = LeaseMetrics.slices("failed")
    private let credits = Meter(label: "satgate_slice_credits")

    private static func slices(_ outcome: String) -> Counter {
        Counter(label: "satgate_slices_total", dimensions: [("outcome", outcome)])
    }

    /// A call was reserved from a slice.
    func reservedHere() { local.increment() }

    /// A call is to be reserved by the ledger.
    func askedLedger() { asked.increment() }

    /// A slice was asked for; nil: nobody knows what came of it.
    func ordered(_ grant: SliceGrant?) {
        switch grant {
        case .taken: taken.increment()
        case .near: near.increment()
        case .refused: refused.increment()
        case nil: failed.increment()
        }
    }

    /// What may be reserved here without asking.
    func has(_ micros: Int64) { credits.set(Double(micros) / Double(Credits.scale)) }
}
