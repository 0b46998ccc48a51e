import Metrics
import Synchronization

/// How the events on their way to Redis stand, as of the last look.
final class EventMetrics: Sendable {
    private let waiting = Meter(label: "satgate_events_waiting")
    private let dropped = Counter(label: "satgate_events_dropped_total")
    /// Those already counted.
    private let known = Mutex(0)

    func set(waiting: Int, dropped: Int) {
        self.waiting.set(waiting)
        // Some that were thought lost may turn out not to be: a counter cannot say that.
        let new = known.withLock { known in
            defer { known = max(known, dropped) }
            return max(0, dropped - known)
        }
        self.dropped.increment(by: new)
    }
}

extension RedisEventSink {
    /// Looks how many events wait, and sets the metrics that tell it.
    package func sample() { metrics.set(waiting: queue.count, dropped: queue.dropped) }
}
