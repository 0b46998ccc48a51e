import Testing

@testable import MCPWire

@Suite("Revisions without a handshake")
struct StatelessTests {
    private let sender = Sender(revision: Dialect.newestModern, clientVersion: "1")
    private let meta =
        #""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"#
        + #""io.modelcontextprotocol/clientInfo":{"name":"satgate","version":"1"}"#

    private func forwarded(params: String) throws -> String {
        let whole = text(
            try toolCall(#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":\#(params)}"#).forwarded(
                id: 7, name: "t", sender: sender))
        let head = #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":"#
        #expect(whole.hasPrefix(head) && (try? message(whole)) != nil)
        return String(whole.dropFirst(head.count).dropLast())
    }

    @Test("a call says who sends it, wherever there is a place for it, and keeps every other byte")
    func placed() throws {
        #expect(try forwarded(params: #"{ "name":"t"}"#) == #"{"_meta":{\#(meta)}, "name":"t"}"#)
        #expect(try forwarded(params: #"{"name":"t","_meta":null}"#) == #"{"name":"t","_meta":{\#(meta)}}"#)
        #expect(try forwarded(params: #"{"name":"t","_meta":{}}"#) == #"{"name":"t","_meta":{\#(meta)}}"#)
        #expect(try forwarded(params: #"{"name":"t","_meta":{ "k" : 1.0 }}"#) == #"{"name":"t","_meta":{\#(meta), "k" : 1.0 }}"#)
        #expect(try forwarded(params: #"{"task":{},"name":"t"}"#) == #"{"_meta":{\#(meta)},"name":"t"}"#)
        #expect(
            try forwarded(params: #"{"name":"t","_meta":{"progressToken":"p"}}"#) == #"{"name":"t","_meta":{\#(meta),"progressToken":7}}"#)
    }

    @Test("what the agent says of itself in the protocol's own words never passes")
    func agentsOwn() throws {
        #expect(
            try forwarded(
                params:
                    #"{"name":"t","_meta":{"io.modelcontextprotocol/protocolVersion":"1","k":2,"io.modelcontextprotocol\/logLevel":"debug","token":"x"}}"#
            ) == #"{"name":"t","_meta":{\#(meta),"k":2}}"#)
        #expect(
            try forwarded(params: #"{"name":"t","_meta":{"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.satgate/x":1}}"#)
                == #"{"name":"t","_meta":{\#(meta)}}"#)
    }

    @Test("our own requests say it too")
    func own() throws {
        #expect(text(Outgoing.discover(id: 1, sender: sender)).hasSuffix(#""method":"server/discover","params":{"_meta":{\#(meta)}}}"#))
        #expect(text(Outgoing.list(Method.toolsList, id: 1, cursor: nil, sender: sender)).hasSuffix(#""params":{"_meta":{\#(meta)}}}"#))
        #expect(
            text(Outgoing.list(Method.toolsList, id: 1, cursor: "c", sender: sender)).hasSuffix(
                #""params":{"cursor":"c","_meta":{\#(meta)}}}"#))
        #expect(
            text(Outgoing.listen(id: 1, to: [.tools, .toolsListChanged, .resources], sender: sender))
                .hasSuffix(#""params":{"notifications":{"toolsListChanged":true},"_meta":{\#(meta)}}}"#))
    }

    @Test("an answer loses for agents with a handshake what only such revisions say, each with one comma")
    func addressed() throws {
        let members = #""resultType":"complete","content":[{"ttlMs":1}] , "ttlMs":5,"cacheScope":"public","_meta":{"k":1}"#
        let whole = #"{"jsonrpc":"2.0","id":7,"result":{\#(members)}}"#
        #expect(
            text(try Answer(message(whole), era: .modern).addressed(to: RequestID(1)))
                == #"{"jsonrpc":"2.0","id":1,"result":{"content":[{"ttlMs":1}],"_meta":{"k":1}}}"#)
        #expect(
            text(
                try Answer(message(#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete"}}"#), era: .modern).addressed(
                    to: RequestID(1)))
                == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        #expect(text(try answer(whole).addressed(to: RequestID(1))) == #"{"jsonrpc":"2.0","id":1,"result":{\#(members)}}"#)
    }

    @Test("an error of capabilities, which agents with a handshake do not know, is an internal one to them")
    func missingCapability() throws {
        let error = #"{"jsonrpc":"2.0","id":7,"error":{"code":-32021,"message":"needs -32021","data":{"code":-32021}}}"#
        #expect(
            text(try Answer(message(error), era: .modern).addressed(to: RequestID(1)))
                == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"needs -32021","data":{"code":-32021}}}"#)
        #expect(text(try answer(error).addressed(to: RequestID(7))) == error)
    }

    @Test("a result without a type is complete")
    func resultType() throws {
        #expect(try answer(#"{"jsonrpc":"2.0","id":7,"result":{}}"#).resultType == "complete")
        #expect(try answer(#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required"}}"#).resultType == "input_required")
        #expect(try answer(#"{"jsonrpc":"2.0","id":7,"result":{"resultType":3}}"#).resultType == nil)
    }

    @Test(
        "errors of headers, capabilities and revision prove that a call did not run, in such a revision only", arguments: -32022 ... -32020)
    func notRun(_ code: Int) throws {
        let error = try message(#"{"jsonrpc":"2.0","id":7,"error":{"code":\#(code),"message":"no"}}"#)
        #expect(try Answer(error, era: .modern).provesNotRun)
        #expect(try !Answer(error).provesNotRun)
    }

    @Test("a discovery tells revisions, tools and the server's name")
    func discovery() throws {
        let result = try DiscoverResult(
            answer(
                #"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28",1,"2027-01-01"],"capabilities":{"tools":{"listChanged":true}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"n","version":"2"}}}}"#
            ))
        #expect(result.supportedVersions == ["2026-07-28", "2027-01-01"] && result.introduction.server == "n 2")
        #expect(result.capabilities == [.tools, .toolsListChanged])
        let bare = try DiscoverResult(answer(#"{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":[]}}"#))
        #expect(bare.supportedVersions.isEmpty && bare.introduction.server == nil && bare.capabilities == [])
        for result in ["{}", #"{"supportedVersions":"2026-07-28"}"#] {
            #expect(throws: WireError.self) { try DiscoverResult(answer(#"{"jsonrpc":"2.0","id":1,"result":\#(result)}"#)) }
        }
    }

    @Test("a refusal for the revision tells those that are spoken")
    func supportedVersions() throws {
        let error = #"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"no","data":{"supported":["2026-07-28","2025-11-25"]}}}"#
        #expect(try answer(error).supportedVersions == ["2026-07-28", "2025-11-25"])
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"no"}}"#).supportedVersions == [])
        #expect(try answer(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"no"}}"#).supportedVersions == nil)
    }

    @Test("a subscription's messages are tagged with its number")
    func subscription() throws {
        let acknowledged =
            #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":4},"notifications":{"toolsListChanged":true}}}"#
        #expect(try message(acknowledged).subscription == 4 && message(acknowledged).acknowledgesChanges)
        let other = acknowledged.replacing(":4}", with: #":"4"}"#).replacing("true", with: "false")
        #expect(try message(other).subscription == nil && !message(other).acknowledgesChanges)
    }
}
