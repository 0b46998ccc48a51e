import Synchronization

/// Which run of which server the connections lead to, and who is to know when that changes.
final class ServerRun: Sendable {
    private struct State {
        /// Redis' `run_id`; nil where it is not told.
        var id: String?
        var isKnown = false
        var listeners: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())

    /// A value each time that a connection leads to another run than the last, or that nobody can tell; several may come as one.
    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listeners.append(continuation) }
        return stream
    }

    /// Takes in the run that a new connection leads to.
    func connected(to id: String?) {
        state.withLock { state in
            let same = state.id == id && id != nil
            let isFirst = !state.isKnown
            state.id = id
            state.isKnown = true
            if isFirst || same { return }
            for listener in state.listeners { listener.yield() }
        }
    }
}
