import MCPWire
import Testing

@Suite("What an agent without a handshake is asked")
struct AskingTests {
    private let responder = Responder(version: "1")
    private let serverInfo = #""io.modelcontextprotocol/serverInfo":{"name":"satgate","version":"1"}"#

    private func answer(_ text: String, era: Dialect.Kind = .modern) throws -> Answer { try Answer(Message(Array(text.utf8)), era: era) }

    private func asked(_ result: String) throws -> String? {
        try answer(#"{"jsonrpc":"2.0","id":7,"result":\#(result)}"#).asking(RequestID(1), state: "ours", from: "up", by: responder)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("is what the upstream asks, with our state for the upstream's, who asks, and nothing that only whole results say")
    func upstreams() throws {
        let question =
            #"{"method":"elicitation/create","params":{"message":"hé","x": 1 ,"_meta":{"io.satgate/a":1,"progressToken":2,"k":3}}}"#
        let shown = #"{"method":"elicitation/create","params":{"message":"hé","x": 1 ,"_meta":{"io.satgate/upstream":"up","k":3}}}"#
        let roots = #""params":{"_meta":{"io.satgate/upstream":"up"}},"method":"roots/list""#
        #expect(
            try asked(
                #"{"ttlMs":1,"resultType":"input_required","requestState":"th\u0065irs","cacheScope":"public","inputRequests":{"a\"":\#(question),"b":{"method":"roots/list"}},"_meta":{"io.satgate/x":1}}"#
            )
                == #"{"jsonrpc":"2.0","id":1,"result":{"requestState":"ours","resultType":"input_required","inputRequests":{"a\"":\#(shown),"b":{\#(roots)}},"_meta":{\#(serverInfo)}}}"#
        )
        #expect(
            try asked(#"{"resultType":"input_required","requestState":"s"}"#)
                == #"{"jsonrpc":"2.0","id":1,"result":{"requestState":"ours","_meta":{\#(serverInfo)},"resultType":"input_required"}}"#)
    }

    @Test(
        "is nothing where the upstream's words make no sense",
        arguments: [
            #"{"resultType":"input_required"}"#, #"{"resultType":"input_required","requestState":3}"#,
            #"{"resultType":"input_required","inputRequests":[]}"#, #"{"resultType":"input_required","inputRequests":{"a":{}}}"#,
            #"{"resultType":"complete","requestState":"s"}"#,
        ])
    func senseless(_ result: String) throws { #expect(try asked(result) == nil) }

    @Test("a message made here says the same")
    func ours() throws {
        let text = #"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"m","task":{"ttl":1}}}"#
        let question = InputRequired.Question(key: JSONText.string("one"), request: try Message(Array(text.utf8)))
        let message = Outgoing.inputRequired(id: RequestID(4), questions: [question], state: "s", from: "up", by: responder)
        #expect(
            String(decoding: message, as: UTF8.self)
                == #"{"jsonrpc":"2.0","id":4,"result":{"resultType":"input_required","inputRequests":{"one":{"method":"elicitation/create","params":{"_meta":{"io.satgate/upstream":"up"},"message":"m"}}},"requestState":"s","_meta":{\#(serverInfo)}}}"#
        )
    }

    @Test("an upstream's pages to visit are questions with a URL")
    func urls() throws {
        func questions(_ elicitations: String, code: Int = -32042) throws -> [InputRequired.Question]? {
            try answer(
                #"{"jsonrpc":"2.0","id":7,"error":{"code":\#(code),"message":"visit","data":{"elicitations":\#(elicitations)}}}"#,
                era: .legacy
            ).urlElicitations
        }
        let page = #"{"mode":"url","url":"https://a.example/","message":"log in","elicitationId":"e"}"#
        let found = try #require(try questions("[\(page),\(page)]"))
        #expect(found.map { String(decoding: $0.key, as: UTF8.self) } == [#""input-1""#, #""input-2""#])
        #expect(found.allSatisfy { $0.request.neededAbility == .elicitationByURL })
        #expect(try questions("[\(page)]", code: -32043) == nil)
        for senseless in ["[]", "{}", #"[{"mode":"form","message":"m"}]"#, "[3]"] { #expect(try questions(senseless) == nil) }
    }

    @Test("its results are found by key, however that is spelled")
    func responses() throws {
        let responses = try #require(InputResponses(Array(#"{"a\u0062":{"action":"accept" },"n":3}"#.utf8)))
        #expect(responses.answer(to: JSONText.string("ab")).map { String(decoding: $0, as: UTF8.self) } == #"{"action":"accept" }"#)
        #expect(responses.answer(to: Array(#""\u0061b""#.utf8)) != nil)
        #expect(responses.answer(to: JSONText.string("n")) == nil && responses.answer(to: JSONText.string("x")) == nil)
        for text in ["", "[]", #"{"a":{},"a":{}}"#] { #expect(InputResponses(Array(text.utf8)) == nil) }
    }

    @Test("what the agent cannot be asked is named to it")
    func capabilities() {
        let (status, body) = Fault.missingCapability([.sampling, .elicitationByURL]).answer(to: RequestID(1), era: .modern, toolCall: true)
        #expect(status == 400)
        #expect(
            String(decoding: body, as: UTF8.self).hasSuffix(
                #""data":{"requiredCapabilities":{"sampling":{},"elicitation":{"url":{}}}}}}"#))
        #expect(String(decoding: body, as: UTF8.self).contains(#""code":-32021"#))
    }

    @Test("an upstream's own error of capabilities is the agent's, where both have no handshake")
    func missing() throws {
        let error = #"{"jsonrpc":"2.0","id":7,"error":{"code":-32021,"message":"m","data":{"requiredCapabilities":{"roots":{}}}}}"#
        let (status, body) = try answer(error).addressed(to: RequestID(7), by: responder)
        #expect(status == 400 && String(decoding: body, as: UTF8.self) == error)
        #expect(try answer(error, era: .legacy).addressed(to: RequestID(7), by: responder).status == 200)
    }
}
