import Testing

@testable import MCPWire

@Suite("The handshake")
struct HandshakeTests {
    @Test("reads what an agent says of itself")
    func request() throws {
        let read = try InitializeRequest(
            message(
                #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c\u0031","version":"2"}}}"#
            ))
        #expect(read.protocolVersion == "2025-06-18" && read.clientName == "c1" && read.clientVersion == "2")
    }

    @Test(
        "does without the agent's name",
        arguments: ["", #","clientInfo":null"#, #","clientInfo":{"name":5}"#, #","clientInfo":{"name":"a","name":"b"}"#])
    func anonymous(_ member: String) throws {
        let read = try InitializeRequest(
            message(#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"x"\#(member)}}"#))
        #expect(read.clientName == nil && read.clientVersion == nil)
    }

    @Test("needs a version and the right method")
    func refused() {
        #expect(throws: WireError.invalidParams(RequestID(1), "params.protocolVersion must be a string")) {
            try InitializeRequest(message(#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#))
        }
        #expect(throws: WireError.invalidRequest(RequestID(1))) {
            try InitializeRequest(message(#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"protocolVersion":"x"}}"#))
        }
    }

    @Test("with an upstream is read by the same words as it is written in")
    func roundTrip() throws {
        let sent = try InitializeRequest(
            Message(Outgoing.initialize(id: 3, revision: Dialect.newestHandshake.revision, clientVersion: "1\"2")))
        #expect(sent.protocolVersion == Dialect.newestHandshake.revision && sent.clientName == "satgate" && sent.clientVersion == "1\"2")
        let body = Outgoing.initializeResult(
            id: RequestID(3), dialect: .assumed, serverVersion: "9", offer: Offer(of: .prompts, instructions: "do\n"))
        let result = try InitializeResult(Answer(Message(body)))
        #expect(result.protocolVersion == Dialect.assumed.revision && result.serverName == "satgate" && result.serverVersion == "9")
        #expect(result.introduction.instructions == "do\n" && result.capabilities == [.tools, .prompts])
    }

    @Test("with an upstream needs a version in its result")
    func upstreamWithoutVersion() {
        #expect(throws: WireError.invalidRequest(RequestID(1))) { try InitializeResult(answer(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)) }
    }
}

@Suite("What satgate says of itself")
struct OutgoingTests {
    private let id = RequestID(5)

    @Test("are sound messages of the protocol")
    func texts() throws {
        let written: [(made: [UInt8], wanted: String)] = [
            (
                Outgoing.initialize(id: 1, revision: "r", clientVersion: "0.1"),
                #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"r","capabilities":{},"clientInfo":{"name":"satgate","version":"0.1"}}}"#
            ),
            (Outgoing.initialized(), #"{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}"#),
            (Outgoing.list(Method.toolsList, id: 2, cursor: nil), #"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#),
            (
                Outgoing.list(Method.toolsList, id: 2, cursor: "\"c"),
                #"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"cursor":"\"c"}}"#
            ),
            (
                Outgoing.cancelled(requestID: 4, reason: "r"),
                #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4,"reason":"r"}}"#
            ),
            (Outgoing.methodNotFound(id: id), #"{"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"Method not found"}}"#),
            (Outgoing.emptyResult(id: id), #"{"jsonrpc":"2.0","id":5,"result":{}}"#),
            (
                Outgoing.textResult(id: id, text: "po\ng"),
                #"{"jsonrpc":"2.0","id":5,"result":{"content":[{"type":"text","text":"po\ng"}]}}"#
            ),
            (Outgoing.toolsListResult(id: id, tools: [], nextCursor: nil), #"{"jsonrpc":"2.0","id":5,"result":{"tools":[]}}"#),
            (
                Outgoing.toolsListResult(id: id, tools: [bytes("{}"), bytes("{}")], nextCursor: "n"),
                #"{"jsonrpc":"2.0","id":5,"result":{"tools":[{},{}],"nextCursor":"n"}}"#
            ),
            (
                Outgoing.initializeResult(id: id, dialect: .assumed, serverVersion: "1", offer: .fixed),
                #"{"jsonrpc":"2.0","id":5,"result":{"protocolVersion":"2025-03-26","capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"completions":{},"logging":{}},"serverInfo":{"name":"satgate","version":"1"}}}"#
            ),
        ]
        for (made, wanted) in written {
            #expect(text(made) == wanted)
            _ = try Message(made)
        }
    }
}
