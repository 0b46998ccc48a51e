package import HTTPWire
package import Logging
package import NIOCore
package import NIOPosix
package import ServerIdentity
import ServiceLifecycle

/// The agents' port.
package final class AgentListener: Service {
    /// Where and how the port listens.
    package struct Configuration: Sendable {
        package var host: String
        /// 0: any free port.
        package var port: Int
        /// What agents may take of it.
        package var limits: ListenerLimits
        /// Who the port is; nil: plain TCP.
        package var identity: PortIdentity?
        /// Who reads the requests.
        package var codec: HTTPCodec

        package init(
            host: String = "127.0.0.1", port: Int = 8080, limits: ListenerLimits = ListenerLimits(), identity: PortIdentity? = nil,
            codec: HTTPCodec = .bytes
        ) {
            self.host = host
            self.port = port
            self.limits = limits
            self.identity = identity
            self.codec = codec
        }
    }

    private let configuration: Configuration
    private let gateway: Gateway
    private let tasks: [LoopTasks]
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress) -> Void

    /// `onListening` is told the bound address once agents may connect.
    package init(
        _ configuration: Configuration, gateway: Gateway, tasks: [LoopTasks], group: MultiThreadedEventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) -> Void
    ) {
        self.configuration = configuration
        self.gateway = gateway
        self.tasks = tasks
        self.group = group
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown, then has its agents go elsewhere, see `Drain`.
    package func run() async throws {
        ConnectionMetrics.prepare()
        let channel = try await bind(limits)
        if let address = channel.localAddress { onListening(address) }
        try? await gracefulShutdown()
        await Draining(gateway, channel, tasks, logger).run()
    }

    /// Those that are kept, which the process' descriptors may narrow.
    private var limits: ListenerLimits {
        let limits = configuration.limits.within(descriptors: Descriptors.most)
        if limits.connections < configuration.limits.connections {
            logger.warning(
                "fewer connections are taken than limits.connections says: too few file descriptors",
                metadata: ["connections": "\(limits.connections)", "descriptors": "\(Descriptors.most)"])
        }
        return limits
    }

    private func bind(_ limits: ListenerLimits) async throws -> any Channel {
        let (tasks, gateway, codec, identity) = (tasks, gateway, configuration.codec, configuration.identity)
        let terms = ConnectionTerms(limits, isSecure: identity != nil)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Of a crowd that comes at once few handshakes are made in one turn of the loop, so that calls have theirs between them.
            .serverChannelOption(.maxMessagesPerRead, value: UInt(identity == nil ? 4 : 1))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Doorkeeper(Door(limits))) }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tasks = tasks.first(where: { $0.loop === channel.eventLoop }) else { throw ChannelError.operationUnsupported }
                    let reader = RequestReader(limits.http, by: codec)
                    let handler = ExchangeHandler(gateway: gateway, tasks: tasks, terms: terms, reader: reader)
                    let pipeline = channel.pipeline.syncOperations
                    if let identity { try pipeline.addHandler(identity.handler()) }
                    try pipeline.addHandlers([handler] + reader.handlers)
                }
            }
            .bind(host: configuration.host, port: configuration.port).get()
    }
}
