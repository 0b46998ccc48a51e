import Logging
import NIOCore
import Synchronization

/// One event loop's way to one server: carries out what its machine decides. Used only on its loop.
final class Link {
    private let address: ServerAddress
    private let loop: any EventLoop
    private let configuration: RedisConfiguration
    private let clock: ServerClock
    private let run: ServerRun
    private let readiness: LinkReadiness
    private let logger: Logger
    private let onLoss: @Sendable (RedisError) -> Void
    /// How much longer than other commands a heartbeat may wait.
    private let slack: TimeAmount
    private let connector: Connector
    private var machine: LinkMachine<PendingCommand>
    private var connection: ConnectionHandler?
    /// Nil where it leads to no Redis that commands are for.
    private let metrics: RedisMetrics?
    private var timer: (at: NIODeadline, scheduled: Scheduled<Void>)?
    private var heartbeat: Scheduled<Void>?

    init(
        _ address: ServerAddress, loop: any EventLoop, configuration: RedisConfiguration, clock: ServerClock, run: ServerRun,
        readiness: LinkReadiness, slack: TimeAmount = .zero, logger: Logger, onLoss: @escaping @Sendable (RedisError) -> Void
    ) {
        self.address = address
        self.loop = loop
        connector = Connector(on: loop, backoff: configuration.reconnect)
        self.configuration = configuration
        self.clock = clock
        self.run = run
        self.slack = slack
        self.readiness = readiness
        self.logger = logger
        self.onLoss = onLoss
        self.machine = LinkMachine(configuration: configuration)
        self.metrics = configuration.peer == .master ? RedisMetrics() : nil
    }

    /// Begins to connect, and stays connected until stopped.
    func start(_ dialer: Dialer) {
        connector.use(dialer)
        if machine.start(now: .now()) { connect() }
    }

    /// Closes the connection; whatever waits fails. Done when no attempt to connect is under way any more.
    func stop() -> EventLoopFuture<Void> {
        connection?.close()
        connection = nil
        readiness.set(false)
        heartbeat?.cancel()
        for (command, error) in machine.stop() { resolve(command, .failure(error)) }
        return connector.ended
    }

    /// Commands that wait to be sent or answered.
    var pending: Int { machine.pending }

    /// Sends the command now, or when the link is ready; its receiver hears of it by `deadline`.
    func submit(_ command: PendingCommand, deadline: NIODeadline, now: NIODeadline = .now()) {
        var command = command
        command.submitted = now
        switch machine.submit(command, bytes: command.command.count, deadline: deadline, now: now) {
        case .send: connection?.send(command.command)
        case .wait: break
        case .refuse(let error): return resolve(command, .failure(error))
        }
        wake(at: deadline)
    }

    private func connect() {
        connector.dial(address, for: self) { error in
            // Once the socket was open, its handler reports the end.
            if self.connection == nil { self.lost(error) }
        }
    }

    private func lost(_ error: RedisError) {
        connection = nil
        readiness.set(false)
        metrics?.lost()
        heartbeat?.cancel()
        let loss = machine.lost(because: error, now: .now())
        for command in loss.failed { resolve(command, .failure(loss.error)) }
        guard let failures = loss.failures else { return }
        logger.log(
            level: failures == 1 ? .warning : .debug, "no connection to \(configuration.peer.rawValue)",
            metadata: ["server": "\(address)", "reason": "\(error)"])
        onLoss(error)
        connector.rest(after: failures) { if self.machine.rested(now: .now()) { self.connect() } }
    }

    /// Gives the connection up for a reason of ours.
    private func abandon(_ error: RedisError) {
        connection?.close()
        lost(error)
    }

    private func resolve(_ command: PendingCommand, _ result: Result<RedisReply, RedisError>) {
        let told = result.flatMap(\.success)
        if case .failure(let error) = told { metrics?.failed(error) }
        switch command.receiver {
        case .caller(let continuation): continuation.resume(returning: told)
        case .clock(let sent):
            if case .success(let reply) = result { clock.learn(reply.value, from: address, sent: sent, received: .now()) }
        case .batch(let tell): tell(result.map(\.value))
        case .none: break
        case .role:
            guard case .success(let reply) = result, !Handshake.isMaster(reply.value) else { return }
            abandon(.unavailable("the server is no longer a master"))
        }
    }

    // MARK: Time

    /// Makes sure that what is due at `deadline` is looked at then.
    private func wake(at deadline: NIODeadline) {
        if let timer, timer.at <= deadline { return }
        timer?.scheduled.cancel()
        timer = (deadline, loop.assumeIsolated().scheduleTask(deadline: deadline) { self.expire() })
    }

    private func expire() {
        timer = nil
        let expiry = machine.expire(now: .now())
        for (command, error) in expiry.failed { resolve(command, .failure(error)) }
        if let error = expiry.broken { abandon(error) }
        // Deadlines a few microseconds apart are not worth a look each.
        if let next = machine.nextExpiry { wake(at: max(next, .now() + .milliseconds(2))) }
    }

    private func beat() {
        heartbeat = loop.assumeIsolated().scheduleTask(in: TimeAmount(configuration.heartbeat)) {
            let now = NIODeadline.now()
            let deadline = now + TimeAmount(self.configuration.commandTimeout) + self.slack
            self.submit(PendingCommand(EncodedCommand(["TIME"]), for: .clock(now)), deadline: deadline, now: now)
            self.submit(PendingCommand(EncodedCommand(["ROLE"]), for: .role), deadline: deadline, now: now)
            self.beat()
        }
    }
}

extension Link: ConnectionOwner {
    func opened(_ connection: ConnectionHandler) {
        let now = NIODeadline.now()
        guard let greeting = machine.opened(now: now, as: connector.credentials) else { return connection.close() }
        self.connection = connection
        for arguments in greeting { connection.send(EncodedCommand(arguments)) }
        if let next = machine.nextExpiry { wake(at: next) }
    }

    func received(_ reply: RedisReply, on connection: ConnectionHandler) {
        guard connection === self.connection else { return }
        let now = NIODeadline.now()
        switch machine.received(reply.value, now: now) {
        case .nothing: break
        case .answer(let command):
            if let submitted = command.submitted { metrics?.answered(after: (now - submitted).nanoseconds) }
            resolve(command, .success(reply))
        case .broken(let error): abandon(error)
        case .ready(let commands, let arrival): ready(commands, arrival, on: connection)
        }
    }

    func closed(_ connection: ConnectionHandler, because error: RedisError) {
        if connection === self.connection { lost(error) }
    }

    private func ready(_ commands: [PendingCommand], _ arrival: LinkMachine<PendingCommand>.Arrival, on connection: ConnectionHandler) {
        if let time = arrival.time, !clock.learn(time, from: address, sent: arrival.asked, received: .now()) {
            return abandon(.protocolViolation("TIME is not answered by a time"))
        }
        for command in commands { connection.send(command.command) }
        metrics?.opened()
        readiness.set(true)
        logger.debug("connected to \(configuration.peer.rawValue)", metadata: ["server": "\(address)"])
        guard configuration.peer == .master else { return }
        run.connected(to: address, run: arrival.run)
        beat()
    }
}

/// Whether a link is ready, for all to see.
final class LinkReadiness: Sendable {
    private let ready = Atomic(false)

    var isReady: Bool { ready.load(ordering: .relaxed) }

    func set(_ value: Bool) { ready.store(value, ordering: .relaxed) }
}
