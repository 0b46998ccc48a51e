package import NIOCore
import NIOHTTP1
import NIOPosix

/// A small MCP server with tools only: Streamable HTTP at `/mcp`, HTTP+SSE at `/sse`. Besides, in plain HTTP, `GET /_stats`, `GET /_runs` and the POSTs
/// `/_stats/reset`, `/_release`, `/_mode`, `/_tools` and `/_describe`, by which tests watch and disturb it.
package final class ToolServer: Sendable {
    /// The protocol revisions a server speaks.
    package enum Era: String, Sendable {
        /// Those with a handshake.
        case handshake
        /// That without.
        case modern
        case both
    }

    /// What a server is like.
    package struct Options: Sendable {
        /// Its name in `initialize`.
        package var name = "demo"
        package var host = "127.0.0.1"
        /// 0: any that is free.
        package var port = 0
        package var era = Era.handshake
        /// Whether clients must carry the session id they were given.
        package var keepsSessions = true
        /// Whether a session can listen for changes with a GET.
        package var offersStream = true
        /// Whether answers come as event streams even without progress.
        package var streamsAnswers = false
        /// Every answer to a call waits so long.
        package var delay: TimeAmount = .zero
        /// Every other answer waits as long.
        package var delaysAll = false
        /// Tools a page of `tools/list`.
        package var pageSize = 1000
        /// The milliseconds a list may be kept, as it says where the revision lets it.
        package var timeToLive = 60_000
        /// The token that requests must carry, if any.
        package var token: String?

        /// The defaults.
        package init() {}

        /// The JSON of what the server says it is.
        var identity: String { #"{"name":\#(ToolText.quoted(name)),"version":"1"}"# }
    }

    /// What it has seen.
    package let record: ServerRecord
    private let channel: any Channel

    private init(_ channel: any Channel, record: ServerRecord) {
        self.channel = channel
        self.record = record
    }

    /// Shows all these tools, see `start(_:options:record:group:)`.
    package static func start(_ tools: [DemoTool], options: Options = Options(), group: any EventLoopGroup) async throws -> ToolServer {
        try await start(ToolShelf(tools), options: options, record: ServerRecord(), group: group)
    }

    /// Binds and serves until `stop`.
    package static func start(
        _ shelf: ToolShelf, options: Options, record: ServerRecord, group: any EventLoopGroup
    ) async throws -> ToolServer {
        let responder = ToolResponder(shelf, options: options, record: record)
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
