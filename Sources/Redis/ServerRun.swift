import Metrics
import Synchronization

/// Which runs of which servers the connections lead to, and who is to know when that changes.
final class ServerRun: Sendable {
    private struct State {
        /// Redis' `run_id` by server, where it is told.
        var ids: [ServerAddress: String?] = [:]
        var listeners: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())
    private let failovers = Counter(label: "satgate_redis_failovers_total")

    /// A value each time that what is read may not be what was written: a connection leads to another run than the last, or to one that nobody can
    /// tell, or another server has taken over; several may come as one.
    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listeners.append(continuation) }
        return stream
    }

    /// Takes in the run that a new connection leads to.
    func connected(to address: ServerAddress, run id: String?) {
        let isNews = state.withLock { state in
            guard let known = state.ids.updateValue(id, forKey: address) else { return false }
            return known != id || id == nil
        }
        if isNews { changed() }
    }

    /// That server has taken over from another: what is read there may not be what was written. Told at once, and again when it answers.
    func replaced(by address: ServerAddress) {
        state.withLock { $0.ids[address] = .some(nil) }
        failovers.increment()
        changed()
    }

    /// Another server answers for what was written elsewhere.
    func changed() {
        state.withLock { state in
            for listener in state.listeners { listener.yield() }
        }
    }
}
