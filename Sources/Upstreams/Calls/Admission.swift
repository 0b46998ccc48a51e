import NIOCore
import Synchronization

/// How many calls one node makes to one upstream at once, and how many may wait for their turn, in the order they came.
final class Admission: Sendable {
    private struct State {
        var running = 0
        var nextTicket = 0
        var waiting: [(ticket: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let calls: Int
    private let queue: Int
    private let state = Mutex(State())

    init(calls: Int, waiting: Int) {
        self.calls = calls
        queue = waiting
    }

    /// Takes a place where one is free, which is given back by `leave`.
    func enter() -> Bool {
        state.withLock { state in
            guard state.running < calls else { return false }
            state.running += 1
            return true
        }
    }

    /// Takes a place, waiting for one where all are taken.
    func enter(before deadline: NIODeadline, on eventLoop: any EventLoop) async throws(UpstreamFailure) {
        if !enter() { try await wait(before: deadline, on: eventLoop) }
    }

    /// Gives a place back: to the one who has waited longest.
    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }

    /// Calls in flight.
    var running: Int { state.withLock { $0.running } }

    private func wait(before deadline: NIODeadline, on eventLoop: any EventLoop) async throws(UpstreamFailure) {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        let alarm = eventLoop.scheduleTask(deadline: deadline) { self.giveUp(ticket) }
        defer { alarm.cancel() }
        var isFull = false
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { state -> Bool? in
                    if state.running < calls {
                        state.running += 1
                        return true
                    }
                    isFull = state.waiting.count >= queue
                    guard !isFull, !Task.isCancelled, deadline > .now() else { return false }
                    state.waiting.append((ticket, continuation))
                    return nil
                }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            giveUp(ticket)
        }
        guard !isIn else { return }
        let reason: HTTPFailure.Reason = isFull ? .busy : Task.isCancelled ? .cancelled : .queueTimeout
        throw .notDispatched(reason: reason.rawValue)
    }

    private func giveUp(_ ticket: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let index = state.waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiting.remove(at: index).continuation
        }
        waiter?.resume(returning: false)
    }
}
