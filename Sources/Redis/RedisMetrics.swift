import Metrics

/// What one link to Redis counts: handles of its own, so that links do not write to the same memory. Used on the link's loop.
final class RedisMetrics {
    private let roundTrips = Timer(label: "satgate_redis_round_trip_seconds")
    private let losses = Counter(label: "satgate_redis_connections_lost_total")
    private let connections = Counter(label: "satgate_redis_connections_opened_total")
    /// By kind; made as they come, of a fixed set of words.
    private var failures: [String: Counter] = [:]

    /// What is counted from the start at 0, so that the first one is seen as a rise.
    init() { for kind in ["unavailable", "not_sent", "server_error", "protocol_violation"] { failures[kind] = Self.counter(kind) } }

    func answered(after nanoseconds: Int64) { roundTrips.recordNanoseconds(nanoseconds) }
    func opened() { connections.increment() }
    func lost() { losses.increment() }

    func failed(_ error: RedisError) {
        // A script that the server does not know yet is sent whole: no failure.
        if case .server("NOSCRIPT", _) = error { return }
        failures[error.label, default: Self.counter(error.label)].increment()
    }

    private static func counter(_ kind: String) -> Counter { Counter(label: "satgate_redis_errors_total", dimensions: [("kind", kind)]) }
}
