/// What is posted to a node.
struct Request {
    private let body: String
    private let headers: String

    /// Opens a session.
    static func hello(_ number: Int) -> Request {
        let params = #"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"light-agent","version":"1"}}"#
        return Request(
            body: #"{"jsonrpc":"2.0","id":"hello-\#(number)","method":"initialize","params":\#(params)}"#,
            headers: "MCP-Protocol-Version: 2025-11-25\r\n")
    }

    /// Calls a tool under the name of the call, which its arguments tell the upstream.
    static func call(_ name: String, of kind: Plan.Kind, id: String, keyed: Bool, era: Plan.Era) -> Request {
        var headers = keyed ? "Idempotency-Key: \(name)\r\n" : ""
        var meta: [String] = []
        if kind.progress == true { meta.append(#""progressToken":"\#(id)""#) }
        switch era {
        case .session: headers += "MCP-Protocol-Version: 2025-11-25\r\n"
        case .stateless:
            headers += "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: \(kind.tool)\r\n"
            meta.append(#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#)
        }
        let more =
            kind.arguments.isEmpty
            ? "" : "," + kind.arguments.split(separator: "%", omittingEmptySubsequences: false).joined(separator: name)
        let params = #"{"name":"\#(kind.tool)","arguments":{"call":"\#(name)"\#(more)},"_meta":{\#(meta.joined(separator: ","))}}"#
        return Request(body: #"{"jsonrpc":"2.0","id":"\#(id)","method":"tools/call","params":\#(params)}"#, headers: headers)
    }

    /// The bytes of the HTTP request.
    func bytes(port: UInt16, token: String, session: String?) -> [UInt8] {
        let own = session.map { "Mcp-Session-Id: \($0)\r\n" } ?? ""
        let head =
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n"
            + "Accept: application/json, text/event-stream\r\nAuthorization: Bearer \(token)\r\n"
        return Array("\(head)\(own)\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}
