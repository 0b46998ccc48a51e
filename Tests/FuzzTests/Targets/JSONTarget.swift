import Fixtures

@testable import MCPWire

extension FuzzTarget {
    /// Messages of JSON-RPC. What is JSON here is JSON to Foundation, with the same texts, and what is forwarded of it is a message still.
    static let json = FuzzTarget(
        "json",
        seeds: [
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hi \u00e9\n","n":[1,-2.5e3,true,null]},"_meta":{"progressToken":"p","token":"x","io.satgate/a":1}}}"#,
            #"{"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"日本 \ud83d\ude00"}],"isError":false,"_meta":{"io.satgate/cost":2}}}"#,
            #"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no","data":{"x":[{}]}}}"#,
            #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":0.5,"_meta":{}}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"},"_meta":{"io.satgate/x":1}},{"name":"b","execution":{}}],"nextCursor":"c"}}"#,
            #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"b"}}}"#,
            #"{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"file:///a"}}"#,
            #"{"jsonrpc":"2.0","id":4,"method":"prompts/get","params":{"name":"p","arguments":{}}}"#,
            #"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},7]"#,
            "{\"jsonrpc\":\"\u{FEFF}2.0\",\"id\":4,\"method\":\"\u{FEFF}\u{FEFF}a\"}",
            " {\n\t\"jsonrpc\" : \"2.0\" ,\r\n \"id\" : -5 , \"method\" : \"ping\" }\n",
        ].map { .init(of: $0) },
        words: [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e9", "E+", "null", "true", "false", "\\u", "\\ud800", "\\udc00",
            "\\u0000",
            "\\u004e", "\\/", "\"_meta\":", "\"id\":1,", "\"Name\":\"x\",", "\"name\":", "\"token\":{},", "{}", "[]", ",\"a\":1", "é",
            "\u{2028}",
            "\u{0}", "\u{FEFF}", "\u{17F}", "\u{212A}", "\"result\":", "\"error\":", "\"params\":", "\"method\":\"tools/call\",",
            "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",", "\"io.modelcontextprotocol/clientCapabilities\":{},",
            "\"io.satgate/idempotencyKey\":\"k\",", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":",
        ]
    ) { bytes in JSONCase.flaw(of: bytes) }
}

/// What must hold of messages.
enum JSONCase {
    static func flaw(of bytes: [UInt8]) -> String? {
        guard let document = try? JSONDocument(bytes, as: .envelope) else { return nil }
        if let flaw = flaw(beside: document) { return flaw }
        _ = CanonicalJSON.text(of: bytes, at: document.root)
        if let batch = try? Batch(bytes), batch.entries.isEmpty { return "a batch of nothing" }
        guard let message = try? Message(bytes) else { return nil }
        return flaw(forwarding: message) ?? flaw(answering: message)
    }

    /// What Foundation takes otherwise.
    private static func flaw(beside document: JSONDocument) -> String? {
        guard FoundationJSON.takes(document.bytes) else { return "is no JSON to Foundation" }
        guard let members = FoundationJSON.value(of: document.bytes) as? [String: Any], !document.isAmbiguous else { return nil }
        // Foundation takes keys that only look alike for one.
        guard document.members.count(where: { $0.section == .envelope }) == members.count else { return nil }
        for case (let key, let text as String) in members {
            guard let ours = document.text(key, in: .envelope) else { continue }
            if !isSame(ours, text) { return "the text of a member is another to Foundation" }
        }
        return nil
    }

    /// Whether both are the same characters; Foundation takes byte order marks away ahead of a text, and behind an escape in it.
    private static func isSame(_ ours: String, _ theirs: String) -> Bool {
        func content(_ text: String) -> [Unicode.Scalar] { text.unicodeScalars.filter { $0 != "\u{FEFF}" } }
        return content(ours) == content(theirs)
    }

    /// What is sent to an upstream in its place is a request of ours, without what is between the agent and us.
    private static func flaw(forwarding message: Message) -> String? {
        _ = try? InitializeRequest(message)
        guard let call = try? ForwardedRequest(message) else { return nil }
        guard let sent = try? Message(call.forwarded(id: 9, name: "t")) else { return "what is forwarded is no message" }
        if sent.id != RequestID(9) { return "what is forwarded has another id" }
        if call.kind == .toolCall, sent.paramText("name") != "t" { return "what is forwarded names another tool" }
        return sent.metaText("token") == nil ? nil : "a token is forwarded"
    }

    /// What is sent to an agent in its place is an answer to its request.
    private static func flaw(answering message: Message) -> String? {
        guard let answer = try? Answer(message) else { return nil }
        _ = try? InitializeResult(answer)
        guard let sent = try? Message(answer.addressed(to: RequestID(9))) else { return "what is answered is no message" }
        if sent.id != RequestID(9) { return "what is answered has another id" }
        for tool in (try? ToolPage(answer))?.tools ?? [] {
            guard let shown = try? ToolDefinition(tool.shown(as: "n", cost: "1")) else { return "a tool that is shown is none" }
            if shown.name != "n" { return "a tool is shown under another name" }
        }
        return nil
    }
}
