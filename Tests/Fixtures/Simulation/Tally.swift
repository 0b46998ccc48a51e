import Synchronization

/// What was sent and what was heard, of the whole simulation.
final class Tally: Sendable {
    struct Counts: Encodable, Sendable {
        var beats = 0
        var facts = 0
        var deliveries = 0
        /// Deliveries for which Redis found no listener, or that failed.
        var refused = 0
        var delivered = 0
        /// Heard at another node than they were for.
        var astray = 0
        /// Heard more than once at the same node.
        var doubled = 0
        var controls = 0
        /// Control messages heard, all nodes together.
        var controlled = 0
        var events = 0
        /// Events heard, all dashboards together.
        var watched = 0
        /// Bytes of the events heard.
        var watchedBytes = 0
        /// Dashboards that began to hear, or to hear anew.
        var watchers = 0
        /// Subscriptions that were lost and made anew.
        var reconnections = 0
        var errors: [String] = []
    }

    private struct State {
        var counts = Counts()
        /// Numbers of deliveries heard.
        var delivered: Set<Int> = []
        /// Of each control message the nodes that have heard it.
        var controlled: [Int: Set<Int>] = [:]
        var delays: [Double] = []
    }

    private let state = Mutex(State())

    /// As things stand.
    var counts: Counts { state.withLock { $0.counts } }

    func count(_ change: @Sendable (inout Counts) -> Void) { state.withLock { change(&$0.counts) } }

    func failed(_ error: any Error) {
        state.withLock { if $0.counts.errors.count < 8 { $0.counts.errors.append("\(error)") } }
    }

    /// A delivery was heard at a node, so many milliseconds after it was sent.
    func heard(delivery number: Int, for wanted: Int, at node: Int, after delay: Double) {
        state.withLock { state in
            state.delays.append(delay)
            if wanted != node { return state.counts.astray += 1 }
            if state.delivered.insert(number).inserted { state.counts.delivered += 1 } else { state.counts.doubled += 1 }
        }
    }

    /// A control message was heard at a node.
    func heard(control number: Int, at node: Int) {
        state.withLock { state in
            if state.controlled[number, default: []].insert(node).inserted {
                state.counts.controlled += 1
            } else {
                state.counts.doubled += 1
            }
        }
    }

    /// Milliseconds that a share of the deliveries took at most.
    func delay(of share: Double) -> Double {
        let delays = state.withLock { $0.delays }.sorted()
        return delays.isEmpty ? 0 : delays[min(delays.count - 1, Int(Double(delays.count) * share))]
    }
}
