package import NIOCore
import NIOHTTP1
import NIOPosix

/// A small MCP server: Streamable HTTP of the handshake revisions at `/mcp`, with tools only. Besides, in plain HTTP, `GET /_stats`,
/// `POST /_stats/reset`, `POST /_release` and `POST /_mode`, by which tests watch and disturb it.
package final class ToolServer: Sendable {
    /// What a server is like.
    package struct Options: Sendable {
        /// Its name in `initialize`.
        package var name = "demo"
        package var host = "127.0.0.1"
        /// 0: any that is free.
        package var port = 0
        /// Whether clients must carry the session id they were given.
        package var keepsSessions = true
        /// Whether answers come as event streams even without progress.
        package var streamsAnswers = false
        /// Every answer to a call waits so long.
        package var delay: TimeAmount = .zero
        /// Tools a page of `tools/list`.
        package var pageSize = 1000
        /// The token that requests must carry, if any.
        package var token: String?

        /// The defaults.
        package init() {}
    }

    /// What it has seen.
    package let record: ServerRecord
    private let channel: any Channel

    private init(_ channel: any Channel, record: ServerRecord) {
        self.channel = channel
        self.record = record
    }

    /// Binds and serves until `stop`.
    package static func start(_ tools: [DemoTool], options: Options = Options(), group: any EventLoopGroup) async throws -> ToolServer {
        let record = ServerRecord()
        let responder = ToolResponder(tools: tools, options: options, record: record)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                record.accepted()
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(HTTPRequestDecoder()), ToolServerHandler(responder: responder))
                }
            }
            .bind(host: options.host, port: options.port).get()
        return ToolServer(channel, record: record)
    }

    /// The port it listens on.
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// The URL of its MCP endpoint.
    package var url: String { "http://127.0.0.1:\(port)/mcp" }

    /// Accepts no more connections.
    package func stop() async throws { try await channel.close() }

    /// Returns when it was stopped.
    package func closed() async throws { try await channel.closeFuture.get() }
}
