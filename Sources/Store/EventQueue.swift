import Events
import Governance
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
        /// The number of the oldest that waits; of the next where none does.
        var first = 0
        /// The number of the next.
        var end = 0
        var count = 0
        var dropped = 0

        /// Takes the event out; behind it none is left that was taken out before.
        mutating func remove(_ number: Int) {
            ring[number % ring.count] = nil
            count -= 1
            while first < end, ring[first % ring.count] == nil { first += 1 }
        }
    }

    private let state: Mutex<State>

    package init(capacity: Int) { state = Mutex(State(ring: Array(repeating: nil, count: max(1, capacity)))) }

    /// How many events were lost to a full queue.
    package var dropped: Int { state.withLock { $0.dropped } }
    /// How many wait.
    package var count: Int { state.withLock { $0.count } }

    func append(_ event: Event, at time: Int64) {
        state.withLock { state in
            if state.end - state.first == state.ring.count {
                state.remove(state.first)
                state.dropped += 1
            }
            state.ring[state.end % state.ring.count] = Entry(event: event, time: time)
            state.end += 1
            state.count += 1
        }
    }

    /// The oldest events of a tenant that is none of `others`, up to the first of another, and their numbers.
    func batch(limit: Int, passing others: Set<TenantName?> = []) -> (entries: [Entry], numbers: [Int]) {
        state.withLock { state in
            var entries: [Entry] = []
            var numbers: [Int] = []
            for number in state.first..<state.end where numbers.count < limit {
                guard let entry = state.ring[number % state.ring.count], !others.contains(entry.event.tenant) else { continue }
                if let head = entries.first, head.event.tenant != entry.event.tenant { break }
                entries.append(entry)
                numbers.append(number)
            }
            return (entries, numbers)
        }
    }

    /// Removes the events of a batch that was sent; those dropped while it was under way are not lost after all.
    func remove(_ numbers: [Int]) {
        state.withLock { state in
            for number in numbers {
                if number < state.first { state.dropped -= 1 } else { state.remove(number) }
            }
        }
    }
}
