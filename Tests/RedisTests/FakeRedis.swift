import Fixtures
import NIOCore
import NIOPosix
import Synchronization

@testable import Redis

/// A TCP server that shakes hands as Redis does and answers all else with whatever bytes a test likes.
final class FakeRedis: Sendable {
    /// What to do about a command.
    enum Answer: Sendable {
        case bytes([UInt8])
        case text(String)
        case nothing
        case hangUp
        /// The bytes, then the end of the stream.
        case last(String)
    }

    let port: Int
    /// Connections accepted so far.
    var connections: Int { accepted.value.withLock { $0 } }
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let accepted: Counter

    /// Answers each command but those of the handshake by `answer`, which is given its words.
    static func start(port: Int? = nil, _ answer: @escaping @Sendable ([String]) -> Answer) async throws -> FakeRedis {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let accepted = Counter()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                accepted.add()
                return channel.eventLoop.makeCompletedFuture {
                    guard let reader = ReplyReader() else { throw FixtureError("memory") }
                    try channel.pipeline.syncOperations.addHandler(Handler(reader: reader, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: try port ?? LoopbackPorts.free()).get()
        return FakeRedis(channel: channel, group: group, accepted: accepted)
    }

    var configuration: RedisConfiguration { RedisConfiguration(host: "127.0.0.1", port: port) }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }

    private final class Counter: Sendable {
        let value = Mutex(0)
        func add() { value.withLock { $0 += 1 } }
    }

    private init(channel: any Channel, group: MultiThreadedEventLoopGroup, accepted: Counter) {
        self.channel = channel
        self.group = group
        self.accepted = accepted
        self.port = channel.localAddress?.port ?? 0
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var reader: ReplyReader
        private let answer: @Sendable ([String]) -> Answer

        init(reader: consuming ReplyReader, answer: @escaping @Sendable ([String]) -> Answer) {
            self.reader = reader
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            do {
                try reader.feed(Self.unwrapInboundIn(data))
                while let command = try reader.next()?.value { react(to: command.elements?.compactMap(\.text) ?? [], context) }
            } catch { context.close(promise: nil) }
        }

        private func react(to command: [String], _ context: ChannelHandlerContext) {
            switch handshake(command) ?? answer(command) {
            case .bytes(let bytes): context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .text(let text): context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            case .nothing: break
            case .hangUp: context.close(promise: nil)
            case .last(let text):
                context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                context.close(promise: nil)
            }
        }

        private func handshake(_ command: [String]) -> Answer? {
            switch command.first {
            case "CLIENT": .text("+OK\r\n")
            case "INFO": .text("$13\r\nrun_id:fake\r\n\r\n")
            case "ROLE": .text("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n")
            case "TIME": .text("*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n")
            default: nil
            }
        }
    }
}
