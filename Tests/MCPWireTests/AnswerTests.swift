import Testing

@testable import MCPWire

@Suite("An upstream's answer")
struct AnswerTests {
    private let agent = RequestID(raw: Array(#""agent-1""#.utf8)) ?? RequestID(0)

    @Test("is a result, a result that is an error, or an error with its code")
    func kinds() throws {
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"result":{}}"#).kind == .result(isError: false))
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"result":{"isError":false}}"#).kind == .result(isError: false))
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"result":{"isError":true}}"#).kind == .result(isError: true))
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"result":{"isError":"true"}}"#).kind == .result(isError: false))
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#).kind == .error(code: -32602))
    }

    @Test(
        "warns in its _meta, whatever else is taken out or stays",
        arguments: [
            (#"{}"#, #"{"_meta":{W}}"#), (#"{"a":1}"#, #"{"_meta":{W},"a":1}"#), (#"{"resultType":"complete"}"#, #"{"_meta":{W}}"#),
            (#"{"resultType":"complete","a":1,"ttlMs":5}"#, #"{"_meta":{W},"a":1}"#),
            (#"{"_meta":{},"a":1}"#, #"{"_meta":{W},"a":1}"#), (#"{"_meta":{"k":1}}"#, #"{"_meta":{W,"k":1}}"#),
            (#"{"_meta":{"io.satgate/cost":1,"k":1,"io.satgate/warning":2},"ttlMs":1}"#, #"{"_meta":{W,"k":1}}"#),
            (#"{"a":1,"_meta":null}"#, #"{"a":1,"_meta":{W}}"#), (#"{"_meta":{"io.satgate/x":1}}"#, #"{"_meta":{W}}"#),
        ])
    func warns(result: String, expected: String) throws {
        let answer = try Answer(Message(bytes(#"{"jsonrpc":"2.0","id":7,"result":\#(result)}"#)), era: .modern)
        let told = expected.replacing("W", with: #""io.satgate/warning":"no_account""#)
        #expect(
            text(answer.addressed(to: RequestID(3), warning: "no_account")) == #"{"jsonrpc":"2.0","id":3,"result":\#(told)}"#)
        let error = #"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"m"}}"#
        #expect(text(try Answer(Message(bytes(error))).addressed(to: RequestID(3), warning: "no_account")) == error)
    }

    @Test(
        "without a result object or a sound error is no answer",
        arguments: [
            #""result":[]"#, #""result":"x""#, #""result":null"#, #""error":null"#, #""error":{}"#, #""error":{"code":"1","message":"x"}"#,
            #""error":{"code":1.5,"message":"x"}"#, #""error":{"code":1}"#, #""error":{"code":1,"message":null}"#, #""method":"x""#,
        ])
    func unsound(_ member: String) {
        #expect(throws: WireError.invalidRequest(RequestID(1))) { try answer(#"{"jsonrpc":"2.0","id":1,\#(member)}"#) }
    }

    @Test("goes to the agent under the agent's id, else byte for byte")
    func addressed() throws {
        let json =
            " {\"result\": {\"content\":[{\"type\":\"text\",\"text\":\"\\u0061\\ud800\"}],\"n\":1.000} ,\"id\": 7,\n\"jsonrpc\":\"2.0\"}\n"
        #expect(text(try answer(json).addressed(to: agent)) == json.replacing("\"id\": 7", with: "\"id\": \"agent-1\""))
    }

    @Test("loses what only the gateway may say in _meta")
    func removals() throws {
        let json =
            #"{"jsonrpc":"2.0","id":7,"result":{"_meta":{"io.satgate/cost":2,"k":{"io.satgate/x":1},"io.modelcontextprotocol\/serverInfo":{}},"x":1}}"#
        #expect(
            text(try answer(json).addressed(to: agent))
                == #"{"jsonrpc":"2.0","id":"agent-1","result":{"_meta":{"k":{"io.satgate/x":1}},"x":1}}"#)
        #expect(try answer(json).reportedCost == "2")
    }

    @Test("that came without an id gets one")
    func withoutID() throws {
        #expect(
            text(try answer(#"{ "jsonrpc":"2.0","error":{"code":1,"message":"x"}}"#).addressed(to: agent))
                == #"{"id":"agent-1", "jsonrpc":"2.0","error":{"code":1,"message":"x"}}"#)
        #expect(
            text(try answer(#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#).addressed(to: RequestID(3)))
                == #"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"x"}}"#)
    }

    @Test("tells the error's text")
    func errorMessage() throws {
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"n\u006f"}}"#).errorMessage == "no")
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"result":{}}"#).errorMessage == nil)
    }
}
