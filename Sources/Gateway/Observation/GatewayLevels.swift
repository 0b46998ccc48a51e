import Metrics

/// What a node has at hand, as of the last look.
struct GatewayLevels: Sendable {
    private let holds = Meter(label: "satgate_holds_open")
    private let settlements = Meter(label: "satgate_settlements_waiting")
    private let sessions = Meter(label: "satgate_sessions_known")
    private let requests = Meter(label: "satgate_requests_running")
    private let posted = Meter(label: "satgate_streams_open", dimensions: [("kind", "get")])
    private let older = Meter(label: "satgate_streams_open", dimensions: [("kind", "sse")])
    private let subscribed = Meter(label: "satgate_streams_open", dimensions: [("kind", "listen")])

    /// Made with the others, so that the first lapse is seen as a rise from 0.
    private let counters = [HoldMetrics.lapses, HoldMetrics.latecomers]

    fileprivate func set(from gateway: Gateway) {
        holds.set(gateway.holds.count)
        gateway.leases?.sample()
        settlements.set(gateway.settlements.backlog)
        sessions.set(gateway.sessions.count)
        requests.set(gateway.requests.count)
        let streams = gateway.streams.counts
        posted.set(streams.get)
        older.set(streams.sse)
        subscribed.set(streams.listen)
    }
}

/// What becomes of holds beside the call they were made for.
enum HoldMetrics {
    fileprivate static let lapses = Counter(label: "satgate_holds_lapsed_total")
    fileprivate static let latecomers = Counter(label: "satgate_settlements_late_total")

    /// This node gave a hold back whose lease had ended.
    static func lapsed() { lapses.increment() }
    /// A call was charged after its hold had lapsed.
    static func settledLate() { latecomers.increment() }
}

extension Gateway {
    /// Looks what the node has at hand, and sets the metrics that tell it.
    package func sample() { levels.set(from: self) }
}
