import NIOCore

/// The connections of one event loop to one destination: the idle ones, and those who wait for one. Bound to its loop.
final class ConnectionPool {
    /// One who waits for a connection.
    final class Waiter {
        fileprivate let receive: (Result<HTTPConnection, HTTPFailure>) -> Void
        fileprivate var timeout: Scheduled<Void>?
        fileprivate init(_ receive: @escaping (Result<HTTPConnection, HTTPFailure>) -> Void) { self.receive = receive }
    }

    private let connector: Connector
    private let limits: PoolLimits
    private let eventLoop: any EventLoop
    /// Of its loop.
    let writes: TurnWrites
    /// The newest last: it is used first, so that a surplus grows old and closes.
    private var idle: [HTTPConnection] = []
    private var waiting = CircularBuffer<Waiter>()
    /// Connections that exist or are being opened.
    private(set) var open = 0
    private var opening = 0

    init(to destination: Destination, connector: Connector, writes: TurnWrites, eventLoop: any EventLoop) {
        self.connector = connector
        self.limits = connector.limits
        self.writes = writes
        self.eventLoop = eventLoop
        self.destination = destination
    }

    let destination: Destination

    /// Adds what it has.
    func add(to load: inout PoolLoad) {
        load.open += open
        load.idle += idle.count
        load.waiting += waiting.count
    }

    /// An idle connection; nil when there is none.
    func takeIdle() -> HTTPConnection? {
        while let connection = idle.popLast() {
            if connection.isIdle { return connection }
        }
        return nil
    }

    /// Hands over a connection as soon as one becomes free or is open; for those who found none idle or want a fresh one.
    /// What is `urgent` (discovery, a message that unblocks an exchange which holds a connection itself) goes first and beyond the limits.
    @discardableResult
    func lease(
        before deadline: NIODeadline, urgent: Bool = false, _ receive: @escaping (Result<HTTPConnection, HTTPFailure>) -> Void
    ) -> Waiter? {
        guard urgent || waiting.count - opening < limits.waiting else {
            receive(.failure(.unsent(.busy)))
            return nil
        }
        let waiter = Waiter(receive)
        waiter.timeout = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.giveUp(waiter, .queueTimeout) }
        if urgent {
            waiting.prepend(waiter)
            connect()
        } else {
            waiting.append(waiter)
            connectIfNeeded()
        }
        return waiter
    }

    /// Takes a waiter off the queue; it is told why.
    func giveUp(_ waiter: Waiter, _ reason: HTTPFailure.Reason) {
        guard let index = waiting.firstIndex(where: { $0 === waiter }) else { return }
        waiting.remove(at: index)
        answer(waiter, .failure(.unsent(reason)))
    }

    /// A connection has become free.
    func recycle(_ connection: HTTPConnection) {
        guard let waiter = waiting.popFirst() else { return idle.append(connection) }
        answer(waiter, .success(connection))
    }

    /// A connection is gone.
    func lost(_ connection: HTTPConnection) {
        open -= 1
        idle.removeAll { $0 === connection }
        connectIfNeeded()
    }

    private func connectIfNeeded() {
        while opening < waiting.count, open < limits.connections { connect() }
    }

    private func connect() {
        open += 1
        opening += 1
        connector.connect(pool: self, on: eventLoop) { result in
            self.opening -= 1
            switch result {
            case .success(let connection): self.recycle(connection)
            case .failure(let failure): self.failed(failure)
            }
        }
    }

    /// One attempt failed: the one who has waited longest learns of it.
    private func failed(_ failure: HTTPFailure) {
        open -= 1
        if let waiter = waiting.popFirst() { answer(waiter, .failure(failure)) }
        connectIfNeeded()
    }

    private func answer(_ waiter: Waiter, _ result: Result<HTTPConnection, HTTPFailure>) {
        waiter.timeout?.cancel()
        waiter.receive(result)
    }
}
