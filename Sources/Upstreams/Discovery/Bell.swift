package import NIOCore
import Synchronization

/// Counts changes and wakes all who wait for the next one; a change between looking and waiting is not missed.
package final class Bell: Sendable {
    private struct State {
        var count = 0
        var nextWaiter = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// How often it has been rung.
    package var count: Int { state.withLock { $0.count } }

    /// Reports a change.
    package func ring() {
        let waiting = state.withLock { state in
            state.count += 1
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Waits until it has been rung more often than `seen`, the deadline, or cancellation; answers how often it has been rung.
    @discardableResult
    package func wait(after seen: Int, until deadline: NIODeadline, on eventLoop: any EventLoop) async -> Int {
        let ticket = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let alarm = eventLoop.scheduleTask(deadline: deadline) { self.leave(ticket) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayPass = state.withLock { state in
                    guard state.count == seen, !Task.isCancelled, deadline > .now() else { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if mayPass { continuation.resume() }
            }
        } onCancel: {
            leave(ticket)
        }
        alarm.cancel()
        return count
    }

    private func leave(_ ticket: Int) {
        state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
    }
}
