import MCPWire
import NIOCore
import Synchronization

/// The messages of one request, sorted out of a stream that many requests share; filled from any thread, read by one task.
final class Mailbox: Sendable {
    private struct State {
        var messages: CircularBuffer<Message> = []
        var bytes = 0
        var failure: HTTPFailure?
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The bytes that may wait to be read.
    static let limit = 16 * 1024 * 1024

    private let state = Mutex(State())
    private let alarm: Mutex<Scheduled<Void>?> = Mutex(nil)
    private let eventLoop: any EventLoop
    private let released: (@Sendable () -> Void)?

    /// From `deadline` on there is nothing but the failure. `released` is called when nobody holds the mailbox any more.
    init(on eventLoop: any EventLoop, before deadline: NIODeadline, released: (@Sendable () -> Void)? = nil) {
        self.eventLoop = eventLoop
        self.released = released
        extend(to: deadline)
    }

    /// From then on there is nothing but the failure, whatever was said before.
    func extend(to deadline: NIODeadline) {
        guard deadline < .distantFuture else { return }
        let scheduled = eventLoop.scheduleTask(deadline: deadline) { [weak self] in
            self?.fail(.timedOut)
            return ()
        }
        let previous = alarm.withLock { alarm in
            defer { alarm = scheduled }
            return alarm
        }
        previous?.cancel()
    }

    deinit {
        alarm.withLock { $0 }?.cancel()
        released?()
    }

    /// Puts a message in.
    func deliver(_ message: Message) {
        update { state in
            guard state.failure == nil else { return }
            state.bytes += message.bytes.count
            if state.bytes > Self.limit { state.failure = .broken(.tooLarge) } else { state.messages.append(message) }
        }
    }

    /// There will be no more messages; those in it are still read.
    func fail(_ failure: HTTPFailure) {
        update { state in if state.failure == nil { state.failure = failure } }
    }

    /// The next message; throws when there will be none.
    func next() async throws(HTTPFailure) -> Message {
        while true {
            let (message, failure) = state.withLock { state in
                guard let message = state.messages.popFirst() else { return (Message?.none, state.failure) }
                state.bytes -= message.bytes.count
                return (message, nil)
            }
            if let message { return message }
            if let failure { throw failure }
            await change()
        }
    }

    private func change() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayPass = state.withLock { state in
                    guard state.messages.isEmpty, state.failure == nil else { return true }
                    state.waiter = continuation
                    return false
                }
                if mayPass { continuation.resume() }
            }
        } onCancel: {
            fail(.broken(.cancelled))
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
