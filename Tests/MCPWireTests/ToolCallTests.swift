import Testing

@testable import MCPWire

@Suite("A tool call")
struct ToolCallTests {
    private func call(params: String) throws -> ForwardedRequest {
        try toolCall(#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":\#(params)}"#)
    }
    private func forwarded(params: String, name: String = "t") throws -> String {
        let whole = text(try call(params: params).forwarded(id: 7, name: name))
        let head = #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":"#
        #expect(whole.hasPrefix(head) && whole.hasSuffix("}"))
        return String(whole.dropFirst(head.count).dropLast())
    }

    @Test("is forwarded with our id and the upstream's tool name, and nothing else changed")
    func forwarded() throws {
        let call = try toolCall(
            "\n{\"jsonrpc\" : \"2.0\",\t\"id\": \"a\" ,\"method\":\"tools/call\", \"params\":{\"name\":\"x__echo\",\"arguments\":{\"name\":\"id\"}} , \"x\":[ ] }\n"
        )
        #expect(
            text(call.forwarded(id: 7, name: "ec\"ho"))
                == "\n{\"jsonrpc\" : \"2.0\",\t\"id\": 7 ,\"method\":\"tools/call\", \"params\":{\"name\":\"ec\\\"ho\",\"arguments\":{\"name\":\"id\"}} , \"x\":[ ] }\n"
        )
    }

    @Test("whose name stays the same keeps the agent's spelling of it")
    func sameName() throws {
        #expect(try forwarded(params: #"{"name":"\u0074"}"#) == #"{"name":"\u0074"}"#)
        #expect(try forwarded(params: "{\"name\":\"e\u{301}\"}", name: "\u{E9}") == "{\"name\":\"\u{E9}\"}")
    }

    @Test("loses its task, the agent's token and what is ours, each with one comma")
    func removals() throws {
        #expect(try forwarded(params: #"{"name":"t", "task":{"ttl":1}}"#) == #"{"name":"t"}"#)
        #expect(try forwarded(params: #"{"task":{"ttl":1} , "name":"t"}"#) == #"{"name":"t"}"#)
        #expect(try forwarded(params: #"{"name":"t","_meta":{"token":"MDAx"}}"#) == #"{"name":"t","_meta":{}}"#)
        #expect(
            try forwarded(params: #"{"name":"t","_meta":{"a":1,"token":"x","io.satgate/b":{},"c":2}}"#)
                == #"{"name":"t","_meta":{"a":1,"c":2}}"#)
        #expect(
            try forwarded(params: #"{"name":"t","_meta":{"token":"x", "io.satgate/b":{} , "c":2}}"#) == #"{"name":"t","_meta":{"c":2}}"#)
        #expect(
            try forwarded(params: #"{"name":"t","_meta":{"c":2 ,"token":"x", "io.satgate/b":{} }}"#) == #"{"name":"t","_meta":{"c":2 }}"#)
        #expect(try forwarded(params: #"{"name":"t","_meta":{ "tok\u0065n":"x","io.satgate\/b":1 }}"#) == #"{"name":"t","_meta":{  }}"#)
    }

    @Test("keeps what only looks like ours")
    func keeps() throws {
        let params =
            #"{"name":"t","arguments":{"token":"x","task":1},"_meta":{"io.satgate":1,"tokens":2,"x":{"token":3,"io.satgate/a":4}}}"#
        #expect(try forwarded(params: params) == params)
    }

    @Test("has its progress token replaced by the number it is sent as")
    func progressToken() throws {
        #expect(try forwarded(params: #"{"name":"t","_meta":{"progressToken":"p"}}"#) == #"{"name":"t","_meta":{"progressToken":7}}"#)
        #expect(try forwarded(params: #"{"_meta":{"progressToken": 3.0},"name":"t"}"#) == #"{"_meta":{"progressToken": 7},"name":"t"}"#)
        #expect(try forwarded(params: #"{"name":"t","_meta":{"progressToken":null}}"#) == #"{"name":"t","_meta":{"progressToken":null}}"#)
        #expect(try call(params: #"{"name":"t","_meta":{"progressToken":"p"}}"#).progressToken == bytes(#""p""#))
        #expect(try call(params: #"{"name":"t"}"#).progressToken == nil)
    }

    @Test("may carry an idempotency key")
    func idempotencyKey() throws {
        #expect(try call(params: #"{"name":"t","_meta":{"io.satgate/idempotencyKey":"k\u0031"}}"#).idempotencyKey?.text == "k1")
        #expect(try call(params: #"{"name":"t"}"#).idempotencyKey == nil)
    }

    @Test(
        "with unfit params is refused under its id",
        arguments: [
            "{}", "null", #"{"name":5}"#, #"{"name":""}"#, #"{"name":"\ud800"}"#, #"{"name":"t","arguments":[]}"#,
            #"{"name":"t","_meta":{"progressToken":{}}}"#, #"{"name":"t","_meta":{"progressToken":true}}"#,
            #"{"name":"t","_meta":{"io.satgate/idempotencyKey":5}}"#, #"{"name":"t","_meta":{"io.satgate/idempotencyKey":""}}"#,
            #"{"name":"t","_meta":{"io.satgate/idempotencyKey":"a\u0007"}}"#,
        ])
    func unfit(_ params: String) throws {
        let error = #expect(throws: WireError.self) { try call(params: params) }
        #expect(error?.id?.raw == bytes(#""a""#))
        guard case .invalidParams = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }

    @Test("is a request of its method and no other message")
    func otherMessages() {
        #expect(throws: WireError.invalidRequest(RequestID(1))) {
            try toolCall(#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"t"}}"#)
        }
        #expect(throws: WireError.invalidRequest(nil)) { try toolCall(#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}"#) }
    }
}

@Suite("Progress of a call")
struct ProgressTests {
    private func notification(token: String, method: String = "notifications/progress") throws -> Message {
        try message(
            #"{"jsonrpc":"2.0","method":"\#(method)","params":{"progress":1, "progressToken":\#(token),"_meta":{"io.satgate/x":1}}}"#)
    }
    private func call(meta: String) throws -> ForwardedRequest {
        try toolCall(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","_meta":\#(meta)}}"#)
    }

    @Test("goes to the agent under the agent's own token")
    func restored() throws {
        let call = try call(meta: #"{"progressToken":"p\/1"}"#)
        let expected = #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1, "progressToken":"p\/1","_meta":{}}}"#
        #expect(call.progress(try notification(token: "7"), sentAs: 7).map(text) == expected)
        #expect(call.progress(try notification(token: "7")).map(text) == expected)
    }

    @Test("of another call, of another method, or that nobody asked for goes nowhere")
    func withheld() throws {
        let call = try call(meta: #"{"progressToken":7}"#)
        #expect(call.progress(try notification(token: "8"), sentAs: 7) == nil)
        #expect(call.progress(try notification(token: #""7""#), sentAs: 7) == nil)
        #expect(call.progress(try notification(token: "null")) == nil)
        #expect(call.progress(try notification(token: "7", method: "notifications/message")) == nil)
        #expect(try self.call(meta: "{}").progress(notification(token: "7"), sentAs: 7) == nil)
    }
}
