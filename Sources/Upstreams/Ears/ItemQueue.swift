import MCPWire
import NIOCore
import Synchronization

/// What belongs to a call that nothing but it runs in its session: put in by those who hear of it, on any thread, and read by one task.
final class ItemQueue: Sendable {
    private struct State {
        var items: CircularBuffer<UpstreamExchange.Item> = []
        var bytes = 0
        var failure: UpstreamFailure?
        var hasStarted = false
        var isAnswered = false
        var isAbandoned = false
    }

    /// Who puts more in than this waits until some of it is read.
    private static let room = 256 * 1024
    /// What comes unasked cannot wait: the call is given up when it is that much.
    private static let limit = 16 * 1024 * 1024

    private let state = Mutex(State())
    private let filled = Bell()
    private let emptied = Bell()
    /// Rung when nobody waits for the call any more.
    let abandoned = Bell()

    /// The call ran, whatever its answer says.
    var hasStarted: Bool { state.withLock { $0.hasStarted } }
    /// The answer is in it.
    var isAnswered: Bool { state.withLock { $0.isAnswered } }
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    func markStarted() { state.withLock { $0.hasStarted = true } }

    /// Puts an item in; nothing follows an answer.
    func put(_ item: UpstreamExchange.Item) {
        state.withLock { state in
            guard state.failure == nil, !state.isAnswered, !state.isAbandoned else { return }
            state.bytes += item.size
            if case .answer = item { state.isAnswered = true } else { state.hasStarted = true }
            if state.bytes > Self.limit, !state.isAnswered {
                state.failure = UpstreamFailure(.broken(.tooLarge))
            } else {
                state.items.append(item)
            }
        }
        filled.ring()
    }

    /// There will be no more; what is in it is still read.
    func fail(_ failure: UpstreamFailure) {
        state.withLock { if $0.failure == nil, !$0.isAnswered { $0.failure = failure } }
        filled.ring()
    }

    /// Nobody reads it any more.
    func abandon() {
        state.withLock { $0.isAbandoned = true }
        abandoned.ring()
        emptied.ring()
    }

    /// Returns when the reader has kept up, or at the deadline.
    func drained(until deadline: NIODeadline, on eventLoop: any EventLoop) async {
        while deadline > .now(), !Task.isCancelled {
            let seen = emptied.count
            guard state.withLock({ $0.bytes > Self.room && !$0.isAbandoned && !$0.isAnswered }) else { return }
            await emptied.wait(after: seen, until: deadline, on: eventLoop)
        }
    }

    /// The next item; throws when there will be none.
    func next(on eventLoop: any EventLoop) async throws(UpstreamFailure) -> UpstreamExchange.Item {
        while true {
            let seen = filled.count
            let (item, failure) = state.withLock { state in
                guard let item = state.items.popFirst() else { return (UpstreamExchange.Item?.none, state.failure) }
                state.bytes -= item.size
                return (item, nil)
            }
            if let item {
                emptied.ring()
                return item
            }
            if let failure { throw failure }
            guard !Task.isCancelled else { throw .cancelled }
            await filled.wait(after: seen, until: .distantFuture, on: eventLoop)
        }
    }
}

extension UpstreamExchange.Item {
    /// Bytes of its message.
    fileprivate var size: Int {
        switch self {
        case .progress(let bytes): bytes.count
        case .log(let message), .asked(let message), .elicited(let message), .withdrawn(let message): message.bytes.count
        case .answer(let answer): answer.message.bytes.count
        }
    }
}
