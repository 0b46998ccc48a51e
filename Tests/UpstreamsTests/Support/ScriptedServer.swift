import Glibc
import MCPWire
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A TCP server that reads HTTP requests and does whatever its script says with the socket.
final class ScriptedServer: Sendable {
    /// One thing to do with the connection.
    enum Step: Sendable {
        case send(String)
        case bytes([UInt8])
        case pause(Int64)
        case close, reset
        /// Goes on when it is so.
        case until(@Sendable () -> Bool)
    }

    /// A request that was read.
    struct Request: Sendable {
        /// The how-manieth connection brought it, from 1.
        let connection: Int
        /// The how-manieth request of this JSON-RPC method it is, from 1.
        let count: Int
        let head: HTTPRequestHead
        let body: [UInt8]
        let message: Message?

        var method: String { message?.method ?? (message == nil ? "" : "response") }
        var id: String { message?.id?.description ?? "null" }
    }

    /// What to do about a request; nil: what a sound server with one tool `t` would do.
    typealias Script = @Sendable (Request) -> [Step]?

    private struct State {
        var unsent = 0
        var requests: [Request] = []
        var connections = 0
        var open = 0
    }

    private let state = Mutex(State())
    private let script: Script

    private init(_ script: @escaping Script) { self.script = script }

    /// All requests read so far.
    var requests: [Request] { state.withLock { $0.requests } }
    /// Those of one JSON-RPC method.
    func requests(_ method: String) -> [Request] { requests.filter { $0.method == method } }
    /// Connections accepted so far.
    var connections: Int { state.withLock { $0.connections } }
    /// Bytes written whose connection has not taken them yet.
    var unsent: Int { state.withLock { $0.unsent } }
    /// Connections open now.
    var open: Int { state.withLock { $0.open } }

    /// Runs the body with a server of this script; the body is given its URL.
    static func run(
        _ script: @escaping Script = { _ in nil }, tls: NIOSSLContext? = nil, _ body: (ScriptedServer, String) async throws -> Void
    ) async throws {
        let server = ScriptedServer(script)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(HTTPRequestDecoder()), ScriptHandler(server, connection: server.accepted()))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do { try await body(server, "\(tls == nil ? "http" : "https")://127.0.0.1:\(channel.localAddress?.port ?? 0)/mcp") } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    fileprivate func accepted() -> Int {
        state.withLock { state in
            state.connections += 1
            state.open += 1
            return state.connections
        }
    }

    fileprivate func wrote(_ bytes: Int) { state.withLock { $0.unsent += bytes } }

    fileprivate func closed() { state.withLock { $0.open -= 1 } }

    fileprivate func steps(connection: Int, head: HTTPRequestHead, body: [UInt8]) -> [Step] {
        let message = try? Message(body)
        let request = state.withLock { state in
            let count = 1 + state.requests.count { $0.message?.method == message?.method }
            let request = Request(connection: connection, count: count, head: head, body: body, message: message)
            state.requests.append(request)
            return request
        }
        return script(request) ?? Self.sound(request)
    }

    private static func sound(_ request: Request) -> [Step] {
        switch request.method {
        case Method.discover: [.send(response(noSession, status: "400 Bad Request"))]
        case Method.initialize:
            [.send(json(request.id, result: initializeResult, session: "s-\(request.count)"))]
        case Method.toolsList: [.send(json(request.id, result: #"{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}"#))]
        case Method.toolsCall: [.send(json(request.id, result: #"{"content":[]}"#))]
        default: [.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")]
        }
    }

    static let initializeResult =
        #"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"scripted","version":"1"}}"#

    /// What servers with a handshake answer to anything else without a session.
    static let noSession = #"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Bad Request: Missing session ID"}}"#

    /// A whole JSON response.
    static func json(_ id: String, result: String, session: String? = nil) -> String {
        response(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"#, session: session)
    }

    /// A whole response with this body.
    static func response(_ body: String, status: String = "200 OK", session: String? = nil) -> String {
        let line = session.map { "Mcp-Session-Id: \($0)\r\n" } ?? ""
        return "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\(line)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// The head of an event stream that ends with the connection.
    static let streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    /// The head of an event stream in chunks.
    static let chunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// One chunk.
    static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }
}

/// Plays the script on one connection.
private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let server: ScriptedServer
    private let connection: Int
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: ScriptedServer, connection: Int) {
        self.server = server
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let piece): body += piece.readableBytesView
        case .end: if let head { play(server.steps(connection: connection, head: head, body: body)[...], context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { server.closed() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func play(_ steps: ArraySlice<ScriptedServer.Step>, _ context: ChannelHandlerContext) {
        guard let step = steps.first, context.channel.isActive else { return }
        switch step {
        case .send(let text): write(ByteBuffer(string: text), context)
        case .bytes(let bytes): write(ByteBuffer(bytes: bytes), context)
        case .close: return context.close(promise: nil)
        case .until(let isSo):
            guard isSo() else {
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { self.play(steps, context) }
                return
            }
        case .reset:
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                .whenComplete { _ in bound.value.close(promise: nil) }
            return
        case .pause(let milliseconds):
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) { self.play(steps.dropFirst(), context) }
            return
        }
        play(steps.dropFirst(), context)
    }

    private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let (count, server) = (bytes.readableBytes, server)
        server.wrote(count)
        context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in server.wrote(-count) }
    }
}
