import MCPWire

/// Answers the messages of the revisions with a handshake.
struct HandshakeResponder: Sendable {
    /// What a message belongs to.
    enum Session {
        /// The session that its header names.
        case named(String?)
        /// The connection it came on.
        case connection
    }

    let options: ToolServer.Options
    let record: ServerRecord
    let shelf: ToolShelf

    /// Judges one message.
    func react(to message: Message, in session: Session) throws(WireError) -> ToolReaction {
        if message.method == Method.initialize { return try initialize(message, in: session) }
        if case .named(let id) = session, let refusal = refusal(ofSession: id) { return .reply(refusal) }
        guard message.kind == .request, let id = message.id else {
            if message.method == Method.cancelled { record.noteCancellation() }
            return .reply(.accepted)
        }
        switch message.method {
        case Method.ping: return .reply(ToolReply(body: Outgoing.emptyResult(id: id)))
        case Method.toolsList: return list(id, cursor: message.paramText("cursor"))
        case Method.toolsCall: return try call(ForwardedRequest(message))
        default: return .reply(ToolReply(body: ToolText.error(id, code: -32601, "Method not found")))
        }
    }

    /// The stream on which a client learns of changes.
    func stream(ofSession session: String?) -> ToolReaction {
        guard options.offersStream else { return .reply(ToolReply(status: .methodNotAllowed)) }
        if let refusal = refusal(ofSession: session) { return .reply(refusal) }
        return .subscribe(ToolSubscription(change: ToolText.listChanged()))
    }

    private func refusal(ofSession session: String?) -> ToolReply? {
        guard options.keepsSessions else { return nil }
        guard let session else {
            return ToolReply(status: .badRequest, body: ToolText.error(nil, code: -32000, "Session id required"))
        }
        return record.knows(session) ? nil : ToolReply(status: .notFound, body: ToolText.error(nil, code: -32001, "Session not found"))
    }

    private func initialize(_ message: Message, in session: Session) throws(WireError) -> ToolReaction {
        let request = try InitializeRequest(message)
        guard let id = message.id else { throw .invalidRequest(nil) }
        record.initialized()
        let version = ToolText.quoted(Dialect.offered(request.protocolVersion).revision)
        let result = #"{"protocolVersion":\#(version),"capabilities":{"tools":{"listChanged":true}},"serverInfo":\#(options.identity)}"#
        guard case .named = session, options.keepsSessions else { return .reply(ToolReply(body: ToolText.result(id, result.utf8))) }
        return .reply(ToolReply(body: ToolText.result(id, result.utf8), session: record.openSession()))
    }

    private func list(_ id: RequestID, cursor: String?) -> ToolReaction {
        record.listed()
        guard let (tools, next) = shelf.page(from: cursor, size: options.pageSize) else {
            return .reply(ToolReply(body: ToolText.error(id, code: -32602, "Unknown cursor")))
        }
        let result = [UInt8(ascii: "{")] + ToolText.page(tools, next: next) + [UInt8(ascii: "}")]
        return .reply(ToolReply(body: ToolText.result(id, result)))
    }

    private func call(_ call: ForwardedRequest) -> ToolReaction {
        guard let tool = shelf.tool(call.name) else {
            return .reply(ToolReply(body: ToolText.error(call.id, code: -32602, "Unknown tool: \(call.name)")))
        }
        let arguments = DemoTool.arguments(of: call)
        record.began(call.name, as: arguments["call"]?.text)
        let performance = tool.performance(with: arguments, after: options.delay)
        let body =
            switch performance.outcome {
            case .error(let code, let message): ToolText.error(call.id, code: code, message)
            case .result(let result): ToolText.result(call.id, result)
            }
        return .perform(
            ToolTurn(
                performance: performance, reply: ToolReply(body: body), progressToken: call.progressToken, endsWithConnection: false))
    }
}
