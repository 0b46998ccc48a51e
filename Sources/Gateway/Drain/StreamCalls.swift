import Governance
import Synchronization

/// The requests of HTTP+SSE sessions that this node answers, of those whose streams it holds: the stream goes only between two of them.
final class StreamCalls: Sendable {
    private struct State {
        var counts: [SessionID: Int] = [:]
        /// Those that are about to end.
        var parting: Set<SessionID> = []
    }

    private let state = Mutex(State())

    /// A request has come; false while the session may be about to end.
    func enter(_ session: SessionID) -> Bool {
        state.withLock { state in
            guard !state.parting.contains(session) else { return false }
            state.counts[session, default: 0] += 1
            return true
        }
    }

    /// The request is answered.
    func leave(_ session: SessionID) {
        state.withLock { state in
            let left = (state.counts[session] ?? 0) - 1
            state.counts[session] = left > 0 ? left : nil
        }
    }

    /// No request is let in until `stay`; false where there is one.
    func part(_ session: SessionID) -> Bool {
        state.withLock { state in
            guard state.counts[session] == nil else { return false }
            state.parting.insert(session)
            return true
        }
    }

    /// The session has ended, or goes on.
    func stay(_ session: SessionID) { _ = state.withLock { $0.parting.remove(session) } }
}
