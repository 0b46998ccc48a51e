import NIOCore
import Synchronization

/// Which server is master as far as commands are concerned, and who waits for there to be one.
final class MasterSeat: Sendable {
    private struct State {
        var pool: NodePool?
        var hasStopped = false
        /// Why there is none.
        var reason = "not started"
        var waiting: [Int: CheckedContinuation<NodePool?, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The master; nil while none is known.
    var pool: NodePool? { state.withLock { $0.pool } }

    /// A master may be named from now on.
    func open() {
        state.withLock { state in
            state.hasStopped = false
            state.reason = "no sentinel has been asked yet"
        }
    }

    /// That server is master now; answers which was.
    @discardableResult
    func take(_ pool: NodePool) -> NodePool? {
        let (old, waiting) = state.withLock { state in
            let old = state.pool
            state.pool = pool
            defer { state.waiting = [:] }
            return (old, state.waiting)
        }
        for waiter in waiting.values { waiter.resume(returning: pool) }
        return old
    }

    /// Why there is no master.
    func lack(_ reason: String) { state.withLock { $0.reason = reason } }

    /// Nobody is master, and nobody will be until it is opened again.
    func close() {
        let waiting = state.withLock { state in
            state.pool = nil
            state.hasStopped = true
            state.reason = "the client has stopped"
            defer { state.waiting = [:] }
            return state.waiting
        }
        for waiter in waiting.values { waiter.resume(returning: nil) }
    }

    /// The master, as soon as there is one; waits on `loop`.
    func pool(by deadline: NIODeadline, on loop: any EventLoop) async throws(RedisError) -> NodePool {
        if let pool { return pool }
        let pool = await withCheckedContinuation { continuation in
            guard let number = wait(continuation) else { return }
            loop.scheduleTask(deadline: deadline) { self.giveUp(number) }
        }
        guard let pool else { throw .notSent("no master is known: \(state.withLock { $0.reason })") }
        return pool
    }

    /// Nil where it did not have to wait.
    private func wait(_ continuation: CheckedContinuation<NodePool?, Never>) -> Int? {
        let (number, pool) = state.withLock { state -> (Int?, NodePool?) in
            guard state.pool == nil, !state.hasStopped else { return (nil, state.pool) }
            state.next += 1
            state.waiting[state.next] = continuation
            return (state.next, nil)
        }
        if number == nil { continuation.resume(returning: pool) }
        return number
    }

    private func giveUp(_ number: Int) { state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: nil) }
}
