import MCPWire
import NIOCore
import NIOHTTP1

/// What a tool server answers to each request; knows no sockets.
struct ToolResponder: Sendable {
    /// An HTTP request.
    struct Request {
        let method: String
        let uri: String
        let headers: HTTPHeaders
        let body: [UInt8]

        var path: Substring { uri.prefix { $0 != "?" } }
    }

    let options: ToolServer.Options
    let record: ServerRecord
    let shelf: ToolShelf
    private let handshake: HandshakeResponder
    private let stateless: StatelessResponder

    init(_ shelf: ToolShelf, options: ToolServer.Options, record: ServerRecord) {
        self.options = options
        self.record = record
        self.shelf = shelf
        handshake = HandshakeResponder(options: options, record: record, shelf: shelf)
        stateless = StatelessResponder(options: options, record: record, shelf: shelf)
    }

    /// Judges one request.
    func react(to request: Request) -> ToolReaction {
        switch (request.method, request.path) {
        case ("POST", "/mcp"): gate(request) ?? post(request)
        case ("POST", "/message"): gate(request) ?? mail(request)
        case ("GET", "/mcp") where !isStateless(request): gate(request) ?? handshake.stream(ofSession: session(of: request))
        case ("GET", "/sse") where options.era != .modern: gate(request) ?? sse()
        case ("DELETE", "/mcp") where !isStateless(request): .reply(ToolReply(status: record.close(session(of: request)) ? .ok : .notFound))
        case (_, "/mcp"): .reply(ToolReply(status: .methodNotAllowed))
        case ("GET", "/_stats"): .reply(ToolReply(body: record.json))
        case ("GET", "/_runs"): .reply(ToolReply(body: record.runs))
        case ("POST", let path): .reply(ServerControl(record: record, shelf: shelf).obey(String(path), request.body))
        default: .reply(ToolReply(status: .notFound))
        }
    }

    /// Judges one line of a process' input.
    func react(to message: Message) -> ToolReaction {
        record.received()
        let isStateless = options.era == .modern || options.era == .both && message.protocolVersionOfMeta != nil
        return isStateless ? stateless.react(to: message, headers: nil) : bound(message)
    }

    /// How long the reaction to a message waits; a call has its own pause.
    func pause(before reaction: ToolReaction) -> TimeAmount {
        if case .perform = reaction { .zero } else { options.delaysAll ? options.delay : .zero }
    }

    // MARK: The MCP endpoints

    /// How the server was told to treat every request; nil: as it should.
    private func gate(_ request: Request) -> ToolReaction? {
        let authorization = request.headers.first(name: "authorization")
        if request.method == "POST" {
            record.received(authorization: authorization, version: request.headers.first(name: "mcp-protocol-version"))
        }
        switch record.mode {
        case .normal: break
        case .hang: return .hang
        case .reset: return .reset
        case .drop: return .drop
        case .status(let code): return .reply(ToolReply(status: HTTPText.Status(code: code)))
        case .garbage: return .reply(ToolReply(body: Array("not JSON".utf8)))
        }
        guard let token = options.token, authorization != "Bearer \(token)" else { return nil }
        return .reply(ToolReply(status: .unauthorized))
    }

    private func session(of request: Request) -> String? { request.headers.first(name: "mcp-session-id") }

    /// Whether a request without a body is of the revision without sessions.
    private func isStateless(_ request: Request) -> Bool {
        options.era == .modern || options.era == .both && Dialect.modern.contains(request.headers.first(name: "mcp-protocol-version") ?? "")
    }

    private func post(_ request: Request) -> ToolReaction {
        do {
            let message = try Message(request.body)
            switch era(of: message, request.headers) {
            case .handshake: return try handshake.react(to: message, in: .named(session(of: request)))
            case .modern, .unknown: return stateless.react(to: message, headers: request.headers)
            }
        } catch {
            return .reply(ToolReply(status: .badRequest, body: ToolText.error(nil, code: -32700, "Parse error")))
        }
    }

    private func era(of message: Message, _ headers: HTTPHeaders) -> Dialect.Era {
        switch options.era {
        case .handshake: .handshake(nil)
        case .modern: .modern
        case .both:
            Dialect.era(ofHeader: headers.first(name: "mcp-protocol-version"), bodyMetaVersion: message.protocolVersionOfMeta)
        }
    }

    // MARK: HTTP+SSE

    /// The stream begins with where to send messages to.
    private func sse() -> ToolReaction {
        let session = record.openSession()
        let endpoint = ServerSentEvent(name: "endpoint", data: Array("/message?session_id=\(session)".utf8))
        return .subscribe(ToolSubscription(opening: [endpoint], change: ToolText.listChanged(), mailbox: session))
    }

    /// The answer goes to the stream whose session the URI names.
    private func mail(_ request: Request) -> ToolReaction {
        guard let session = request.uri.split(separator: "=").last, record.hasMailbox(String(session)) else {
            return .reply(ToolReply(status: .notFound))
        }
        guard let message = try? Message(request.body) else { return .reply(ToolReply(status: .badRequest)) }
        record.deliver(bound(message), to: String(session))
        return .reply(.accepted)
    }

    /// A message whose session is its connection.
    private func bound(_ message: Message) -> ToolReaction {
        do {
            return try handshake.react(to: message, in: .connection)
        } catch {
            return .reply(ToolReply(body: ToolText.error(message.id, code: -32602, "Invalid params")))
        }
    }
}
