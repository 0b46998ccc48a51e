import Events
import Synchronization

/// Events on their way to Redis, oldest first, at most `capacity`: one more drops the oldest.
package final class EventQueue: Sendable {
    struct Entry: Sendable {
        let event: Event
        /// Unix milliseconds of its publication.
        let time: Int64
    }

    private struct State {
        var ring: [Entry?]
        /// Events ever removed or dropped; the oldest waiting one has this number.
        var first = 0
        var count = 0
        var dropped = 0
    }

    private let state: Mutex<State>

    package init(capacity: Int) { state = Mutex(State(ring: Array(repeating: nil, count: max(1, capacity)))) }

    /// How many events were lost to a full queue.
    package var dropped: Int { state.withLock { $0.dropped } }
    /// How many wait.
    package var count: Int { state.withLock { $0.count } }

    func append(_ event: Event, at time: Int64) {
        state.withLock { state in
            if state.count == state.ring.count {
                state.first += 1
                state.count -= 1
                state.dropped += 1
            }
            state.ring[(state.first + state.count) % state.ring.count] = Entry(event: event, time: time)
            state.count += 1
        }
    }

    /// The oldest events, as many as share the first one's tenant, and their numbers.
    func batch(limit: Int) -> (entries: [Entry], numbers: Range<Int>) {
        state.withLock { state in
            var entries: [Entry] = []
            while entries.count < min(limit, state.count), let entry = state.ring[(state.first + entries.count) % state.ring.count] {
                if let head = entries.first, head.event.tenant != entry.event.tenant { break }
                entries.append(entry)
            }
            return (entries, state.first..<state.first + entries.count)
        }
    }

    /// Removes the events of a batch that was sent; those dropped while it was under way are not lost after all.
    func remove(_ numbers: Range<Int>) {
        state.withLock { state in
            state.dropped -= max(0, min(state.first, numbers.upperBound) - numbers.lowerBound)
            while state.first < numbers.upperBound, state.count > 0 {
                state.ring[state.first % state.ring.count] = nil
                state.first += 1
                state.count -= 1
            }
        }
    }
}
