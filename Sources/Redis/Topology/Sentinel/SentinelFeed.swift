import Logging
import NIOCore

/// What a sentinel tells by itself: that it begins or ends a failover, or that it has found another. Used only on its loop.
///
/// What is told is only a reason to ask. A PING a second proves the connection alive.
final class SentinelFeed {
    /// The last comes when another sentinel is seen for the first time.
    private static let channels: [RedisArgument] = ["+switch-master", "+promoted-slave", "+failover-state-reconf-slaves", "+sentinel"]
    private static let interval: TimeAmount = .seconds(1)

    private let address: ServerAddress
    private let configuration: RedisConfiguration
    private let loop: any EventLoop
    private let logger: Logger
    private let onNews: () -> Void
    private var lifecycle: Lifecycle
    private let connector: Connector
    private var connection: ConnectionHandler?
    private var timer: Scheduled<Void>?
    private var heard = NIODeadline.distantPast

    init(
        _ address: ServerAddress, configuration: RedisConfiguration, loop: any EventLoop, logger: Logger, onNews: @escaping () -> Void
    ) {
        self.address = address
        self.configuration = configuration
        self.loop = loop
        connector = Connector(on: loop, backoff: configuration.reconnect)
        self.logger = logger
        self.onNews = onNews
        lifecycle = Lifecycle(configuration: configuration)
    }

    /// Subscribes, and stays subscribed until stopped.
    func start(_ dialer: Dialer) {
        connector.use(dialer)
        if lifecycle.start(now: .now()) { connect() }
    }

    /// Closes the connection. Done when no attempt to connect is under way any more.
    func stop() -> EventLoopFuture<Void> {
        lifecycle.stop()
        connection?.close()
        connection = nil
        timer?.cancel()
        return connector.ended
    }

    private func connect() {
        connector.dial(address, for: self) { error in
            // Once the socket was open, its handler reports the end.
            if self.connection == nil { self.lost(error) }
        }
    }

    private func lost(_ error: RedisError) {
        connection = nil
        timer?.cancel()
        guard let failures = lifecycle.lost(now: .now()) else { return }
        logger.debug("a sentinel is not heard", metadata: ["server": "\(address)", "reason": "\(error)"])
        connector.rest(after: failures) { if self.lifecycle.rested(now: .now()) { self.connect() } }
    }

    /// Gives the connection up for a reason of ours.
    private func abandon(_ error: RedisError) {
        connection?.close()
        lost(error)
    }

    private func beat() {
        timer = loop.assumeIsolated().scheduleTask(in: Self.interval) {
            guard NIODeadline.now() - self.heard < 3 * Self.interval else { return self.abandon(.unavailable("nothing heard")) }
            if self.lifecycle.isReady { self.connection?.send(EncodedCommand(["PING"])) }
            self.beat()
        }
    }
}

extension SentinelFeed: ConnectionOwner {
    func opened(_ connection: ConnectionHandler) {
        let now = NIODeadline.now()
        guard let greeting = lifecycle.opened(now: now, as: connector.credentials) else { return connection.close() }
        self.connection = connection
        heard = now
        for arguments in greeting { connection.send(EncodedCommand(arguments)) }
        beat()
    }

    func received(_ reply: RedisReply, on connection: ConnectionHandler) {
        guard connection === self.connection else { return }
        let reply = reply.value
        heard = .now()
        switch lifecycle.greeted(by: reply, now: heard) {
        case .incomplete: break
        case .failed(let error): abandon(error)
        case .complete: connection.send(EncodedCommand(["SUBSCRIBE"] + Self.channels))
        case .over: pushed(reply)
        }
    }

    func closed(_ connection: ConnectionHandler, because error: RedisError) {
        if connection === self.connection { lost(error) }
    }

    /// Being subscribed is news too: what came before it was missed.
    private func pushed(_ reply: RedisValue) {
        if case .error(let text) = reply { return abandon(RedisError(reply: text)) }
        if ["subscribe", "message"].contains(reply.elements?.first?.text) { onNews() }
    }
}
