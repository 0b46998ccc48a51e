import NIOCore
import Synchronization

/// Spans that have ended and are not sent yet, at most so many: the oldest are dropped for new ones, so that nobody ever waits for the
/// collector.
package final class SpanQueue: Sendable {
    private struct State {
        var spans: CircularBuffer<SpanRecord> = CircularBuffer()
        var dropped: UInt64 = 0
        var isHurried = false
    }

    private let limit: Int
    /// As many as are sent at once.
    let batch: Int
    private let state = Mutex(State())

    /// Holds at most `limit` spans, of which at most `batch` are sent at once.
    package init(limit: Int = 16_384, batch: Int = 512) {
        self.limit = limit
        self.batch = batch
    }

    /// Takes a span that has ended; never waits.
    func add(_ span: SpanRecord) {
        state.withLock { state in
            if state.spans.count >= limit {
                state.spans.removeFirst()
                state.dropped += 1
            }
            state.spans.append(span)
        }
    }

    /// Has what is there sent soon.
    func hurry() { state.withLock { $0.isHurried = true } }

    /// Whether to send now what is there.
    var isDue: Bool {
        state.withLock { state in
            defer { state.isHurried = false }
            return state.isHurried || state.spans.count >= batch
        }
    }

    /// Takes back what could not be sent, ahead of all others, as far as there is room.
    func putBack(_ spans: [SpanRecord]) {
        state.withLock { state in
            let room = max(0, limit - state.spans.count)
            for span in spans.suffix(room).reversed() { state.spans.prepend(span) }
            state.dropped += UInt64(max(0, spans.count - room))
        }
    }

    /// The oldest spans, at most a batch.
    func take() -> [SpanRecord] {
        state.withLock { state in
            let taken = Array(state.spans.prefix(batch))
            state.spans.removeFirst(taken.count)
            return taken
        }
    }

    /// Throws away what is left and tells how many that were.
    func discard() -> UInt64 {
        state.withLock { state in
            defer { state.spans.removeAll() }
            return UInt64(state.spans.count)
        }
    }

    /// The number that were dropped since it was asked last.
    func takeDropped() -> UInt64 {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    /// The number that wait.
    package var count: Int { state.withLock { $0.spans.count } }
}
