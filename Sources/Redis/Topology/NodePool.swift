import Logging
import NIOCore
import NIOPosix
import Synchronization

/// One server: a pipelined connection for each event loop.
final class NodePool: Sendable {
    private struct Place: Sendable {
        let loop: any EventLoop
        let link: NIOLoopBoundBox<Link>
        let readiness: LinkReadiness
    }

    private let configuration: RedisConfiguration
    private let places: [Place]
    /// Spreads callers that are on none of the loops.
    private let turn = Atomic(0)

    init(configuration: RedisConfiguration, group: MultiThreadedEventLoopGroup, clock: ServerClock, logger: Logger) {
        self.configuration = configuration
        self.places = group.makeIterator().map { loop in
            let readiness = LinkReadiness()
            let link = NIOLoopBoundBox.makeBoxSendingValue(
                Link(loop: loop, configuration: configuration, clock: clock, readiness: readiness, logger: logger), eventLoop: loop)
            return Place(loop: loop, link: link, readiness: readiness)
        }
    }

    /// Keeps the connections until cancelled.
    func run() async throws {
        let dialer = try Dialer(configuration)
        for place in places { place.loop.execute { place.link.value.start(dialer) } }
        for await _ in AsyncStream<Never>.makeStream().stream {}
        for place in places { try await place.loop.flatSubmit { place.link.value.stop() }.get() }
    }

    /// True when every loop's connection is ready.
    var isReady: Bool { places.allSatisfy(\.readiness.isReady) }

    /// Waits until the server answers on every loop's connection.
    func ready(by deadline: NIODeadline) async throws(RedisError) {
        for place in places { _ = try await send(EncodedCommand(["TIME"]), deadline: deadline, through: place) }
    }

    /// Sends a command on the caller's loop, or on any where the caller is on none of ours.
    func send(_ command: EncodedCommand, deadline: NIODeadline) async throws(RedisError) -> RedisValue {
        guard let current = MultiThreadedEventLoopGroup.currentEventLoop, let place = places.first(where: { $0.loop === current }) else {
            let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
            return try await send(command, deadline: deadline, through: places[Int(UInt(bitPattern: turn) % UInt(places.count))])
        }
        return try await withReplyContinuation { continuation in
            place.link.value.submit(PendingCommand(command, for: .caller(continuation)), deadline: deadline)
        }.get()
    }

    private func send(_ command: EncodedCommand, deadline: NIODeadline, through place: Place) async throws(RedisError) -> RedisValue {
        try await withReplyContinuation { continuation in
            place.loop.execute {
                place.link.value.submit(PendingCommand(command, for: .caller(continuation)), deadline: deadline)
            }
        }.get()
    }
}
