import NIOCore
import NIOPosix

/// What one event loop has for its upstream calls: its pools, and an executor for tasks that stay on it.
final class Lane: Sendable {
    let eventLoop: any EventLoop
    let executor: LoopExecutor
    private let connector: Connector
    private let pools: NIOLoopBoundBox<[Destination: ConnectionPool]>
    private let writes: NIOLoopBoundBox<TurnWrites>

    /// Whether a request whose connection failed before any answer may be sent once more.
    enum Resend {
        /// Only where it surely was not sent whole.
        case ifUnsent
        /// Also where a kept-alive connection closed on it: the request changes nothing.
        case ifUnanswered
    }

    init(_ eventLoop: any EventLoop, connector: Connector) {
        self.eventLoop = eventLoop
        self.connector = connector
        executor = LoopExecutor(eventLoop)
        pools = .makeBoxSendingValue([:], eventLoop: eventLoop)
        writes = .makeBoxSendingValue(TurnWrites(eventLoop), eventLoop: eventLoop)
    }

    /// The pool of that destination.
    func pool(for destination: Destination) -> ConnectionPool {
        if let pool = pools.value[destination] { return pool }
        let pool = newPool(to: destination)
        pools.value[destination] = pool
        return pool
    }

    private func newPool(to destination: Destination) -> ConnectionPool {
        ConnectionPool(to: destination, connector: connector, writes: writes.value, eventLoop: eventLoop)
    }

    /// What its pools have; asked off the loop.
    func load() async -> PoolLoad {
        await withCheckedContinuation { asker in
            eventLoop.execute { asker.resume(returning: self.pools.value.values.reduce(into: PoolLoad()) { $1.add(to: &$0) }) }
        }
    }

    /// Sends the request and returns when its response begins. A kept-alive connection that proves dead is replaced once by a fresh one.
    func send(
        _ request: ByteBuffer, to destination: Destination, before deadline: NIODeadline, resend: Resend
    ) async throws(HTTPFailure) -> HTTPExchange {
        let pool = pool(for: destination)
        let urgent = resend == .ifUnanswered
        let connection = if let idle = pool.takeIdle() { idle } else { try await lease(from: pool, before: deadline, urgent: urgent) }
        let exchange = connection.start(request, deadline: deadline)
        do throws(HTTPFailure) {
            _ = try await exchange.responseHead()
            return exchange
        } catch {
            guard exchange.isOnKept, !Task.isCancelled, Self.allows(resend, after: error) else { throw error }
        }
        return try await sendAfresh(request, to: destination, before: deadline)
    }

    /// Sends the request on an idle connection, and does not wait; nil where there is none, or something is to be seen to ahead of it.
    func begin(
        _ body: [UInt8], under head: PreparedHead, extra: [HeaderLine], before deadline: NIODeadline
    ) throws(HTTPFailure) -> HTTPExchange? {
        let endpoint = head.endpoint
        guard endpoint.credentials.tokens == nil else { return nil }
        let request = try head.request(body, extra: extra)
        return pool(for: endpoint.destination).takeIdle()?.start(request, deadline: deadline)
    }

    /// Sends the request on a connection that becomes free or is open next, and returns when its response begins.
    func sendAfresh(_ request: ByteBuffer, to destination: Destination, before deadline: NIODeadline) async throws(HTTPFailure)
        -> HTTPExchange
    {
        let connection = try await lease(from: pool(for: destination), before: deadline, urgent: true)
        let exchange = connection.start(request, deadline: deadline)
        _ = try await exchange.responseHead()
        return exchange
    }

    /// Sends the request on a connection of its own, which counts for no limit, and returns when its response begins: for a stream that
    /// stays open.
    func sendApart(_ request: ByteBuffer, to destination: Destination, before deadline: NIODeadline) async throws(HTTPFailure)
        -> HTTPExchange
    {
        let exchange = try await lease(from: newPool(to: destination), before: deadline, urgent: true).start(request, deadline: deadline)
        _ = try await exchange.responseHead()
        return exchange
    }

    /// Sends a short message whose response matters to nobody.
    func post(_ request: ByteBuffer, to destination: Destination) {
        let deadline = NIODeadline.now() + .seconds(5)
        let pool = pool(for: destination)
        if let connection = pool.takeIdle() { return connection.start(request, deadline: deadline).finish() }
        pool.lease(before: deadline, urgent: true) { result in
            guard case .success(let connection) = result else { return }
            connection.start(request, deadline: deadline).finish()
        }
    }

    /// Whether a request that failed so on a kept-alive connection may be sent once more.
    static func allows(_ resend: Resend, after failure: HTTPFailure) -> Bool {
        switch failure {
        case .unsent(.closed), .unsent(.reset): true
        case .broken(.closed), .broken(.reset): resend == .ifUnanswered
        default: false
        }
    }

    private func lease(
        from pool: ConnectionPool, before deadline: NIODeadline, urgent: Bool
    ) async throws(HTTPFailure) -> HTTPConnection {
        let slot = NIOLoopBound(LeaseSlot(pool, urgent: urgent), eventLoop: eventLoop)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in slot.value.wait(before: deadline, continuation) }
        } onCancel: {
            slot.eventLoop.execute { slot.value.cancel() }
        }
        let connection = try slot.value.result.get()
        guard Task.isCancelled else { return connection }
        pool.recycle(connection)
        throw .unsent(.cancelled)
    }
}

/// One task's wait for a connection.
private final class LeaseSlot {
    private let pool: ConnectionPool
    private let urgent: Bool
    private var waiter: ConnectionPool.Waiter?
    /// What came of it; set before the task goes on.
    private(set) var result: Result<HTTPConnection, HTTPFailure> = .failure(.unsent(.cancelled))

    init(_ pool: ConnectionPool, urgent: Bool) {
        self.pool = pool
        self.urgent = urgent
    }

    func wait(before deadline: NIODeadline, _ continuation: CheckedContinuation<Void, Never>) {
        waiter = pool.lease(before: deadline, urgent: urgent) { result in
            self.result = result
            continuation.resume()
        }
    }

    func cancel() {
        if let waiter { pool.giveUp(waiter, .cancelled) }
    }
}
