import Logging
import NIOCore

/// The subscriber's connection: carries out what its machine decides. Used only on its loop.
final class Subscription {
    private let loop: any EventLoop
    private let logger: Logger
    private let onReady: @Sendable () -> Void
    private let onMessage: @Sendable (String, [UInt8]) -> Void
    private let topology: any Topology
    private let slot: HashSlot?
    /// Where the connection leads to, or the last attempt at one.
    private var address: ServerAddress?
    private var machine: SubscriptionMachine
    private let connector: Connector
    private var connection: ConnectionHandler?
    private var timer: Scheduled<Void>?

    init(
        loop: any EventLoop, machine: SubscriptionMachine, at topology: any Topology, slot: HashSlot?, logger: Logger,
        onReady: @escaping @Sendable () -> Void,
        onMessage: @escaping @Sendable (String, [UInt8]) -> Void
    ) {
        self.loop = loop
        connector = Connector(on: loop, backoff: .reconnect)
        self.machine = machine
        self.topology = topology
        self.slot = slot
        self.logger = logger
        self.onReady = onReady
        self.onMessage = onMessage
    }

    /// Begins to connect, and stays connected until stopped.
    func start(_ dialer: Dialer) {
        connector.use(dialer)
        if machine.start(now: .now()) { connect() }
    }

    /// Closes the connection. Done when no attempt to connect is under way any more.
    func stop() -> EventLoopFuture<Void> {
        machine.stop()
        connection?.close()
        connection = nil
        timer?.cancel()
        return connector.ended
    }

    /// Leaves the server where not all is heard there any more.
    func follow() {
        guard connection != nil, let address, !topology.serves(address, slot) else { return }
        abandon(.unavailable("another server has taken over"))
    }

    /// Asks the server whether it is there.
    func probe() {
        guard let connection, machine.isReady else { return }
        connection.send(EncodedCommand(["PING"]))
    }

    private func connect() {
        address = topology.address(for: slot)
        guard let address else { return lost(.notSent("no server is known")) }
        connector.dial(address, for: self) { error in
            // Once the socket was open, its handler reports the end.
            if self.connection == nil { self.lost(error) }
        }
    }

    private func lost(_ error: RedisError) {
        connection = nil
        timer?.cancel()
        guard let failures = machine.lost(now: .now()) else { return }
        topology.subscriberLost(error, at: address)
        // That no server is known is for the topology to tell.
        let level: Logger.Level = failures == 1 && address != nil ? .warning : .debug
        logger.log(level: level, "no subscription at Redis", metadata: ["reason": "\(error)"])
        connector.rest(after: failures) { if self.machine.rested(now: .now()) { self.connect() } }
    }

    /// Gives the connection up for a reason of ours.
    private func abandon(_ error: RedisError) {
        connection?.close()
        lost(error)
    }

    /// Looks again when the connection could be known to be dead.
    private func watch() {
        timer?.cancel()
        guard let next = machine.nextExpiry else { return }
        timer = loop.assumeIsolated().scheduleTask(deadline: next) {
            if let error = self.machine.expire(now: .now()) { self.abandon(error) } else { self.watch() }
        }
    }
}

extension Subscription: ConnectionOwner {
    func opened(_ connection: ConnectionHandler) {
        guard let greeting = machine.opened(now: .now(), as: connector.credentials) else { return connection.close() }
        self.connection = connection
        for arguments in greeting { connection.send(EncodedCommand(arguments)) }
        watch()
        follow()
    }

    func received(_ reply: RedisReply, on connection: ConnectionHandler) {
        guard connection === self.connection else { return }
        switch machine.received(reply.value, now: .now()) {
        case .nothing: break
        case .subscribe(let commands):
            for arguments in commands { connection.send(EncodedCommand(arguments)) }
            watch()
        case .message(let channel, let payload): onMessage(channel, payload)
        case .broken(let error): abandon(error)
        case .ready:
            logger.debug("subscribed at Redis")
            onReady()
        }
    }

    func closed(_ connection: ConnectionHandler, because error: RedisError) {
        if connection === self.connection { lost(error) }
    }
}
