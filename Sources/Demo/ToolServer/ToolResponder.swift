import MCPWire

/// What a tool server answers to each message; knows no sockets.
struct ToolResponder: Sendable {
    /// What to do about a request.
    enum Reaction: Sendable {
        case reply(HTTPText.Status, body: [UInt8], session: String? = nil)
        case perform(Performance, id: RequestID, progressToken: [UInt8]?)
        case reset, drop, hang
    }

    /// What matters of a request.
    struct Request {
        let path: String
        let authorization: String?
        let session: String?
        let body: [UInt8]
    }

    let options: ToolServer.Options
    let record: ServerRecord
    private let tools: [DemoTool]
    private let byName: [String: DemoTool]

    init(tools: [DemoTool], options: ToolServer.Options, record: ServerRecord) {
        self.tools = tools
        self.options = options
        self.record = record
        byName = Dictionary(tools.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Judges one request.
    func react(to request: Request, method: String) -> Reaction {
        switch (method, request.path) {
        case ("POST", "/mcp"): return message(request)
        case ("DELETE", "/mcp"):
            let wasOpen = request.session.map { record.close($0) } ?? false
            return .reply(wasOpen ? .ok : .notFound, body: [])
        case (_, "/mcp"): return .reply(.methodNotAllowed, body: [])
        case ("GET", "/_stats"): return .reply(.ok, body: record.json)
        case ("POST", let path): return control(path, request.body)
        default: return .reply(.notFound, body: [])
        }
    }

    private func control(_ path: String, _ body: [UInt8]) -> Reaction {
        switch path {
        case "/_stats/reset": record.reset()
        case "/_release": record.release()
        case "/_mode":
            guard let value = JSONValue(body) else { return .reply(.badRequest, body: []) }
            if value["forgetSessions"]?.flag == true { record.forgetSessions() }
            record.mode = Self.mode(value)
        default: return .reply(.notFound, body: [])
        }
        return .reply(.ok, body: Array("{}".utf8))
    }

    private static func mode(_ value: JSONValue) -> ServerRecord.Mode {
        if value["hang"]?.flag == true { return .hang }
        if value["reset"]?.flag == true { return .reset }
        if value["drop"]?.flag == true { return .drop }
        if value["garbage"]?.flag == true { return .garbage }
        return value["status"]?.integer.map { .status($0) } ?? .normal
    }

    private func message(_ request: Request) -> Reaction {
        switch record.received(authorization: request.authorization) {
        case .normal: break
        case .hang: return .hang
        case .reset: return .reset
        case .drop: return .drop
        case .status(let code): return .reply(HTTPText.Status(code: code), body: [])
        case .garbage: return .reply(.ok, body: Array("not JSON".utf8))
        }
        if let token = options.token, request.authorization != "Bearer \(token)" { return .reply(.unauthorized, body: []) }
        do {
            return try respond(to: try Message(request.body), session: request.session)
        } catch {
            return .reply(.badRequest, body: Self.error(id: nil, code: -32700, "Parse error"))
        }
    }

    private func respond(to message: Message, session: String?) throws(WireError) -> Reaction {
        if message.method == Method.initialize { return try initialize(message) }
        if options.keepsSessions {
            guard let session else { return .reply(.badRequest, body: Self.error(id: nil, code: -32000, "Session id required")) }
            guard record.knows(session) else { return .reply(.notFound, body: Self.error(id: nil, code: -32001, "Session not found")) }
        }
        guard message.kind == .request, let id = message.id else {
            if message.method == Method.cancelled { record.noteCancellation() }
            return .reply(.accepted, body: [])
        }
        switch message.method {
        case Method.ping: return .reply(.ok, body: Outgoing.emptyResult(id: id))
        case Method.toolsList: return list(id, cursor: message.paramText("cursor"))
        case Method.toolsCall: return try call(ToolCall(message))
        default: return .reply(.ok, body: Self.error(id: id, code: -32601, "Method not found"))
        }
    }

    private func initialize(_ message: Message) throws(WireError) -> Reaction {
        let request = try InitializeRequest(message)
        guard let id = message.id else { throw .invalidRequest(nil) }
        var out: [UInt8] = []
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        out += id.raw
        JSONText.append(raw: #","result":{"protocolVersion":"#, to: &out)
        JSONText.append(string: Dialect.offered(request.protocolVersion).revision, to: &out)
        JSONText.append(raw: #","capabilities":{"tools":{}},"serverInfo":{"version":"1","name":"#, to: &out)
        JSONText.append(string: options.name, to: &out)
        JSONText.append(raw: "}}}", to: &out)
        return .reply(.ok, body: out, session: options.keepsSessions ? record.openSession() : nil)
    }

    private func list(_ id: RequestID, cursor: String?) -> Reaction {
        guard let start = cursor == nil ? 0 : Int(cursor ?? ""), start >= 0, start <= tools.count else {
            return .reply(.ok, body: Self.error(id: id, code: -32602, "Unknown cursor"))
        }
        let end = min(tools.count, start + options.pageSize)
        let page = tools[start..<end].map(\.definition)
        let next = end < tools.count ? String(end) : nil
        return .reply(.ok, body: Outgoing.toolsListResult(id: id, tools: page, nextCursor: next))
    }

    private func call(_ call: ToolCall) -> Reaction {
        guard let tool = byName[call.name] else {
            return .reply(.ok, body: Self.error(id: call.id, code: -32602, "Unknown tool: \(call.name)"))
        }
        record.began(call.name)
        let arguments = call.message.paramToken("arguments").flatMap { JSONValue($0) } ?? .object([:])
        var performance = tool.play(arguments)
        if performance.steps == 0, options.delay > performance.pause { performance.pause = options.delay }
        return .perform(performance, id: call.id, progressToken: call.progressToken)
    }

    /// The JSON-RPC answer that a performance ends with.
    static func answer(_ id: RequestID, _ outcome: Performance.Outcome) -> [UInt8] {
        switch outcome {
        case .error(let code, let message): return error(id: id, code: code, message)
        case .result(let result):
            var out: [UInt8] = []
            out.reserveCapacity(result.count + id.raw.count + 40)
            JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
            out += id.raw
            JSONText.append(raw: #","result":"#, to: &out)
            out += result
            out.append(UInt8(ascii: "}"))
            return out
        }
    }

    private static func error(id: RequestID?, code: Int, _ message: String) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        out += id?.raw ?? Array("null".utf8)
        JSONText.append(raw: #","error":{"code":"#, to: &out)
        JSONText.append(integer: code, to: &out)
        JSONText.append(raw: #","message":"#, to: &out)
        JSONText.append(string: message, to: &out)
        JSONText.append(raw: "}}", to: &out)
        return out
    }
}
