import Testing

@testable import MCPWire

@Suite("An answer for an agent without a handshake")
struct StatelessAnswerTests {
    private let responder = Responder(version: "9")
    private let identity = #""io.modelcontextprotocol/serverInfo":{"name":"satgate","version":"9"}"#

    private func addressed(_ json: String, era: Dialect.Kind = .legacy) throws -> (status: Int, text: String) {
        let (status, body) = try Answer(Message(bytes(json)), era: era).addressed(to: RequestID(3), by: responder)
        _ = try Message(body)
        return (status, text(body))
    }

    @Test("says that it is complete, and whose it is")
    func signed() throws {
        let started = #"{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete""#
        #expect(try addressed(#"{"jsonrpc":"2.0","id":7,"result":{}}"#).text == started + #","_meta":{\#(identity)}}}"#)
        #expect(
            try addressed(#"{"jsonrpc":"2.0","id":7,"result":{"content":[1.00]}}"#).text
                == started + #","_meta":{\#(identity)},"content":[1.00]}}"#)
        #expect(
            try addressed(#"{"jsonrpc":"2.0","id":7,"result":{"_meta":{"k":1,"io.satgate/cost":2},"a":1}}"#).text
                == started + #","_meta":{\#(identity),"k":1},"a":1}}"#)
        #expect(
            try addressed(#"{"jsonrpc":"2.0","id":7,"result":{"_meta":{"io.satgate/x":2,"io.modelcontextprotocol/serverInfo":{}},"a":1}}"#)
                .text == started + #","_meta":{\#(identity)},"a":1}}"#)
        for empty in ["{}", "null"] {
            #expect(
                try addressed(#"{"jsonrpc":"2.0","id":7,"result":{"_meta":\#(empty),"a":1}}"#).text
                    == started + #","_meta":{\#(identity)},"a":1}}"#)
        }
    }

    @Test("warns in its _meta, whatever stands there, and only in a result")
    func warns() throws {
        func warned(_ json: String) throws -> String {
            text(try Answer(Message(bytes(json))).addressed(to: RequestID(3), by: responder, warning: "insufficient_budget").body)
        }
        let started = #"{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete""#
        let warning = #""io.satgate/warning":"insufficient_budget""#
        #expect(try warned(#"{"jsonrpc":"2.0","id":7,"result":{}}"#) == started + #","_meta":{\#(identity),\#(warning)}}}"#)
        #expect(
            try warned(#"{"jsonrpc":"2.0","id":7,"result":{"_meta":{"io.satgate/warning":"x","k":1},"a":1}}"#)
                == started + #","_meta":{\#(identity),\#(warning),"k":1},"a":1}}"#)
        let error = #"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"m"}}"#
        #expect(try warned(error) == error)
    }

    @Test("keeps what kind of result it is, and what it says beside it")
    func kept() throws {
        for era in [Dialect.Kind.legacy, .modern] {
            #expect(
                try addressed(#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","ttlMs":5,"_meta":{"k":1}}}"#, era: era).text
                    == #"{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","ttlMs":5,"_meta":{\#(identity),"k":1}}}"#)
        }
        #expect(try addressed(#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"task"}}"#).text.contains(#""resultType":"task""#))
    }

    @Test(
        "has the error's number that it has without a handshake, and its HTTP status",
        arguments: [
            (-32700, -32700, 400), (-32600, -32600, 400), (-32602, -32602, 400), (-32601, -32601, 404), (-32603, -32603, 200),
            (-32002, -32602, 400), (-32042, -32603, 200), (-32020, -32603, 200), (-32021, -32021, 400), (-32022, -32603, 200),
            (-32050, -32050, 200), (-1, -1, 200), (17, 17, 200),
        ])
    func numbers(_ code: Int, _ told: Int, _ status: Int) throws {
        let answer = try addressed(#"{"jsonrpc":"2.0","id":7,"error":{"code":\#(code),"message":"m","data":{"code":5}}}"#, era: .modern)
        #expect(answer.text == #"{"jsonrpc":"2.0","id":3,"error":{"code":\#(told),"message":"m","data":{"code":5}}}"#)
        #expect(answer.status == status)
    }

    @Test("to a list or a discovery says how long it is good, and that it is the agent's alone")
    func lists() {
        let end = #","resultType":"complete","_meta":{\#(identity)}}}"#
        #expect(
            text(Outgoing.toolsListResult(id: RequestID(3), tools: [bytes("{}")], nextCursor: "c", by: responder, freshFor: 60_000))
                == #"{"jsonrpc":"2.0","id":3,"result":{"tools":[{}],"nextCursor":"c","ttlMs":60000,"cacheScope":"private""# + end)
        #expect(
            text(Outgoing.discoverResult(id: RequestID(3), offer: .fixed, by: responder, freshFor: 5))
                == #"{"jsonrpc":"2.0","id":3,"result":{"supportedVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"completions":{},"logging":{}},"ttlMs":5,"cacheScope":"private""#
                + end)
        #expect(
            text(Outgoing.textResult(id: RequestID(3), text: "x", by: responder))
                == #"{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"x"}]"# + end)
    }
}
