import Testing

@testable import MCPWire

@Suite("An upstream that wants input before it goes on")
struct InputRequiredTests {
    private func required(_ members: String, era: Dialect.Kind = .modern) throws -> InputRequired? {
        InputRequired(
            try Answer(message(#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required"\#(members)}}"#), era: era))
    }

    private func response(_ result: String) throws -> Message { try message(#"{"jsonrpc":"2.0","id":"q","result":\#(result)}"#) }

    private let twoQuestions =
        #","inputRequests":{ "b\u0031" : {"method":"elicitation/create","params":{ "message":"é" , "mode":"url"}}, "a":{ "params":{"x":1.0},"method":"sampling/createMessage" }}"#

    @Test("asks under keys of its own, in its order")
    func questions() throws {
        let required = try #require(try required(twoQuestions + #","requestState":"s\u0041""#))
        #expect(required.questions.map { text($0.key) } == [#""b\u0031""#, #""a""#])
        #expect(required.questions.map(\.request.method) == ["elicitation/create", "sampling/createMessage"])
        #expect(required.questions.map(\.request.neededAbility) == [.elicitationByURL, .sampling])
        #expect(required.questions[1].request.paramToken("x").map(text) == "1.0")
        #expect(required.state.map(text) == #""s\u0041""#)
    }

    @Test("may only want to be asked again")
    func stateAlone() throws {
        let required = try #require(try required(#","requestState":"s""#))
        #expect(required.questions.isEmpty)
        #expect(required.continued(with: []) == Continuation(inputResponses: nil, requestState: bytes(#""s""#)))
    }

    @Test(
        "is not understood where it does not say what it wants, or says it twice",
        arguments: [
            "", #","inputRequests":{}"#, #","inputRequests":[]"#, #","inputRequests":{"a":1}"#, #","inputRequests":{"a":{}}"#,
            #","inputRequests":{"a":{"method":1}}"#, #","inputRequests":{"a":{"method":"m"},"a":{"method":"m"}}"#,
            #","inputRequests":{"a":{"method":"m","method":"n"}}"#, #","inputRequests":{"a":{"method":"m","id":5}}"#,
            #","inputRequests":{"a":{"method":"m","params":1}}"#, #","requestState":5"#, #","requestState":null"#,
        ])
    func unreadable(_ members: String) throws {
        #expect(try required(members) == nil)
    }

    @Test("asks no more than anybody would answer")
    func many() throws {
        let entries = (0...InputRequired.mostQuestions).map { #""\#($0)":{"method":"roots/list"}"# }
        #expect(try required(#","inputRequests":{\#(entries.dropLast().joined(separator: ","))}"#)?.questions.count == 32)
        #expect(try required(#","inputRequests":{\#(entries.joined(separator: ","))}"#) == nil)
    }

    @Test("with a handshake there is no such answer")
    func legacy() throws {
        #expect(try required(twoQuestions, era: .legacy) == nil)
    }

    @Test("is answered with the results as they were written, under the keys as they were written")
    func answers() throws {
        let required = try #require(try required(twoQuestions))
        let continuation = try #require(required.continued(with: [response(#"{ "action":"accept" }"#), response(#"{"n":1.50}"#)]))
        #expect(continuation.inputResponses.map(text) == #"{"b\u0031":{ "action":"accept" },"a":{"n":1.50}}"#)
        #expect(continuation.requestState == nil)
        #expect(required.continued(with: [try response("{}")]) == nil)
        let refusal = try message(#"{"jsonrpc":"2.0","id":"q","error":{"code":-1,"message":"no"}}"#)
        #expect(required.continued(with: [try response("{}"), refusal]) == nil)
    }

    @Test("is sent the request again with what it wants, in the place of what the agent says of the kind, all else byte for byte")
    func retry() throws {
        let call = try toolCall(
            #"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"requestState":"forged", "name":"t","inputResponses":{"k":1} ,"arguments":{ "requestState":1 }}}"#
        )
        #expect(
            text(call.forwarded(id: 1, name: "t"))
                == #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t" ,"arguments":{ "requestState":1 }}}"#)
        let again = call.continued(with: Continuation(inputResponses: bytes(#"{"k":{ }}"#), requestState: bytes(#""s\u0041""#)))
        #expect(
            text(again.forwarded(id: 2, name: "u"))
                == #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"inputResponses":{"k":{ }},"requestState":"s\u0041","name":"u" ,"arguments":{ "requestState":1 }}}"#
        )
        let whole = again.forwarded(id: 3, name: "t", sender: Sender(revision: Dialect.newestModern, clientVersion: "1"))
        let sent = try ForwardedRequest(Message(whole))
        #expect(sent.message.paramText("requestState") == "sA" && sent.message.protocolVersionOfMeta == Dialect.newestModern)
        #expect(
            again.continued(with: Continuation(inputResponses: nil, requestState: nil)).forwarded(id: 1, name: "t")
                == call.forwarded(id: 1, name: "t"))
    }
}
