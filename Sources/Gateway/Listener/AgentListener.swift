package import HTTPWire
package import Logging
package import NIOCore
package import NIOPosix
import ServiceLifecycle

/// The agents' port.
package final class AgentListener: Service {
    /// Where and how the port listens.
    package struct Configuration: Sendable {
        package var host: String
        /// 0: any free port.
        package var port: Int
        /// Bytes of a request's body.
        package var bodyLimit: Int
        /// Who reads the requests.
        package var codec: HTTPCodec

        package init(host: String = "127.0.0.1", port: Int = 8080, bodyLimit: Int = 4 << 20, codec: HTTPCodec = .bytes) {
            self.host = host
            self.port = port
            self.bodyLimit = bodyLimit
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
        let channel = try await bind()
        if let address = channel.localAddress { onListening(address) }
        try? await gracefulShutdown()
        await Draining(gateway, channel, tasks, logger).run()
    }

    private func bind() async throws -> any Channel {
        let tasks = tasks
        let gateway = gateway
        let (bodyLimit, codec) = (configuration.bodyLimit, configuration.codec)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tasks = tasks.first(where: { $0.loop === channel.eventLoop }) else { throw ChannelError.operationUnsupported }
                    let reader = RequestReader(by: codec)
                    let handler = ExchangeHandler(gateway: gateway, tasks: tasks, bodyLimit: bodyLimit, reader: reader)
                    try channel.pipeline.syncOperations.addHandlers([handler] + reader.handlers)
                }
            }
            .bind(host: configuration.host, port: configuration.port).get()
    }
}
