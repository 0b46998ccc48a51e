import Logging
import NIOCore
import NIOPosix
import Synchronization

/// One server: a pipelined connection for each event loop, and those for durable commands.
final class NodePool: Sendable {
    private final class Place: Sendable {
        let loop: any EventLoop
        let link: NIOLoopBoundBox<Link>
        let durable: NIOLoopBoundBox<DurableLinks>
        let readiness: LinkReadiness

        init(_ loop: any EventLoop, _ link: NIOLoopBoundBox<Link>, _ durable: NIOLoopBoundBox<DurableLinks>, _ readiness: LinkReadiness) {
            self.loop = loop
            self.link = link
            self.durable = durable
            self.readiness = readiness
        }
    }

    let address: ServerAddress
    private let dialer: Dialer
    private let places: [Place]
    /// Spreads callers that are on none of the loops.
    private let turn = Atomic(0)

    /// `onLoss` is told, on an event loop, why a connection was lost or could not be made.
    init(
        _ address: ServerAddress, configuration: RedisConfiguration, group: MultiThreadedEventLoopGroup, clock: ServerClock, run: ServerRun,
        logger: Logger, onLoss: @escaping @Sendable (RedisError) -> Void
    ) {
        self.address = address
        self.dialer = Dialer(configuration)
        self.places = group.makeIterator().map { loop in
            let readiness = LinkReadiness()
            let link = NIOLoopBoundBox.makeBoxSendingValue(
                Link(
                    address, loop: loop, configuration: configuration, clock: clock, run: run, readiness: readiness, logger: logger,
                    onLoss: onLoss),
                eventLoop: loop)
            let durable = NIOLoopBoundBox.makeBoxSendingValue(
                DurableLinks(loop: loop) {
                    Link(
                        address, loop: loop, configuration: configuration, clock: clock, run: run, readiness: LinkReadiness(),
                        slack: .milliseconds(Durable.longest), logger: logger, onLoss: onLoss)
                }, eventLoop: loop)
            return Place(loop, link, durable, readiness)
        }
    }

    /// Connects, and stays connected until stopped.
    func start() {
        for place in places {
            place.loop.execute { [dialer] in
                place.link.value.start(dialer)
                place.durable.value.start(dialer)
            }
        }
    }

    /// Closes all connections; what waits fails, as does what comes now.
    func stop() async {
        // All at once: an attempt to connect that is under way on one loop may take its time to end.
        let stopped = places.map { place in
            place.loop.flatSubmit { place.link.value.stop().and(place.durable.value.stop()).map { _ in } }
        }
        for stopped in stopped { try? await stopped.get() }
    }

    /// True when every loop's connection is ready.
    var isReady: Bool { places.allSatisfy(\.readiness.isReady) }

    /// Commands that wait on the loops' connections to be sent or answered.
    func pending() async -> Int {
        var sum = 0
        for place in places {
            sum += await withCheckedContinuation { asker in place.loop.execute { asker.resume(returning: place.link.value.pending) } }
        }
        return sum
    }

    /// Waits until the server answers on every loop's connection.
    func ready(by deadline: NIODeadline) async throws(RedisError) {
        for place in places { _ = try await send(EncodedCommand(["TIME"]), deadline: deadline, through: place) }
    }

    /// Sends a command on the caller's loop, or on any where the caller is on none of ours; `asking`: with ASKING before it.
    func send(_ command: EncodedCommand, asking: Bool = false, deadline: NIODeadline) async throws(RedisError) -> RedisReply {
        guard !asking, let reply = await reply(to: command, deadline: deadline) else {
            return try await send(command, asking: asking, deadline: deadline, through: current ?? next)
        }
        return try reply.get()
    }

    /// What comes of a command that is sent on the caller's loop; nil where the caller is on none of ours: nothing was sent.
    @inline(__always)
    func reply(to command: EncodedCommand, deadline: NIODeadline) async -> Result<RedisReply, RedisError>? {
        guard let place = current else { return nil }
        return await withReplyContinuation { continuation in
            place.link.value.submit(PendingCommand(command, for: .caller(continuation)), deadline: deadline)
        }
    }

    /// Sends a command with the next durable batch of the caller's loop, or of any where the caller is on none of ours.
    func send(
        _ command: EncodedCommand, asking: Bool = false, durable: Durable, deadline: NIODeadline
    ) async throws(RedisError) -> Acknowledged {
        let place = current ?? next
        return try await withCheckedContinuation { (continuation: AcknowledgedContinuation) in
            place.loop.execute {
                place.durable.value.link(for: durable.replicas)
                    .submit(command, asking: asking, timeout: durable.timeout, deadline: deadline, for: continuation)
            }
        }.get()
    }

    /// The caller's.
    private var current: Place? {
        guard let current = MultiThreadedEventLoopGroup.currentEventLoop else { return nil }
        return places.first { $0.loop === current }
    }

    /// Any.
    private var next: Place {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return places[Int(UInt(bitPattern: turn) % UInt(places.count))]
    }

    private func send(
        _ command: EncodedCommand, asking: Bool = false, deadline: NIODeadline, through place: Place
    ) async throws(RedisError) -> RedisReply {
        try await withReplyContinuation { continuation in
            place.loop.execute {
                if asking { place.link.value.submit(.asking, deadline: deadline) }
                place.link.value.submit(PendingCommand(command, for: .caller(continuation)), deadline: deadline)
            }
        }.get()
    }
}
