import Testing

@testable import MCPWire

@Suite("What an upstream asks an agent")
struct QuestionTests {
    private func asked(_ members: String) throws -> String {
        let whole = text(
            try message(#"{"jsonrpc":"2.0","id":5,"method":"elicitation/create"\#(members)}"#).asked(
                under: RequestID(raw: bytes(#""q""#))!, by: "up"))
        #expect((try? message(whole)) != nil)
        return whole
    }

    private let name = #""_meta":{"io.satgate/upstream":"up"}"#

    @Test("says who asks, wherever there is a place for it, under an id of ours and else as it came")
    func placed() throws {
        let head = #"{"jsonrpc":"2.0","id":"q","method":"elicitation/create""#
        #expect(try asked(#", "params" : { "message":"é" }"#) == head + #", "params" : {\#(name), "message":"é" }}"#)
        #expect(try asked(#","params":{}"#) == head + #","params":{\#(name)}}"#)
        #expect(try asked(#","params":null"#) == head + #","params":{\#(name)}}"#)
        #expect(try asked("") == #"{"params":{\#(name)},"jsonrpc":"2.0","id":"q","method":"elicitation/create"}"#)
        #expect(try asked(#","params":{"_meta":null,"a":1}"#) == head + #","params":{"_meta":{"io.satgate/upstream":"up"},"a":1}}"#)
        #expect(
            try asked(#","params":{"_meta":{"io.satgate/upstream":"forged", "k":1}}"#)
                == head + #","params":{"_meta":{"io.satgate/upstream":"up","k":1}}}"#)
        #expect(try asked(#","params":{"_meta":{"io.satgate/x":1}}"#) == head + #","params":{"_meta":{"io.satgate/upstream":"up"}}}"#)
    }

    @Test("of a link to follow has an id, its own where it has one")
    func link() throws {
        #expect(
            try asked(#","params":{"mode":"url","url":"u"}"#).hasSuffix(#""params":{\#(name),"elicitationId":"q","mode":"url","url":"u"}}"#)
                || asked(#","params":{"mode":"url","url":"u"}"#).hasSuffix(
                    #""params":{"elicitationId":"q",\#(name),"mode":"url","url":"u"}}"#)
        )
        #expect(
            try asked(#","params":{"mode":"url","elicitationId":"own"}"#).hasSuffix(
                #""params":{\#(name),"mode":"url","elicitationId":"own"}}"#))
    }

    @Test("wants progress under our id too")
    func progressToken() throws {
        #expect(try asked(#","params":{"_meta":{"progressToken":9}}"#).contains(#""io.satgate/upstream":"up","progressToken":"q"}"#))
    }

    @Test(
        "is answered under the id that it came with, of the same JSON type, all else byte for byte",
        arguments: ["1", #""1""#, #""\u0031""#, "-7"])
    func answered(_ id: String) throws {
        let upstreams = try #require(RequestID(raw: bytes(id)))
        #expect(
            text(try message(#"{"result":{ "a":1.0,"_meta":{"io.satgate/x":1,"k":2}},"id":"q" , "jsonrpc":"2.0"}"#).response(to: upstreams))
                == #"{"result":{ "a":1.0,"_meta":{"k":2}},"id":\#(id) , "jsonrpc":"2.0"}"#)
        #expect(
            text(try message(#"{"jsonrpc":"2.0","id":"q","error":{"code":-1,"message":"no","data":[ ]}}"#).response(to: upstreams))
                == #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-1,"message":"no","data":[ ]}}"#)
    }

    @Test("what an agent says of it names it")
    func addressed() throws {
        let ours = RequestID(raw: bytes(#""q""#))
        #expect(try message(#"{"jsonrpc":"2.0","id":"q","result":{}}"#).questionAddressed == ours)
        let progress = try message(#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"q","progress":1}}"#)
        #expect(progress.questionAddressed == ours)
        #expect(
            progress.progress(under: bytes("9")).map(text)
                == #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9,"progress":1}}"#)
        #expect(try message(#"{"jsonrpc":"2.0","id":"q","method":"ping"}"#).questionAddressed == nil)
        #expect(try message(#"{"jsonrpc":"2.0","id":"q","result":{}}"#).progress(under: bytes("9")) == nil)
        #expect(
            try message(#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1.5}}"#).questionAddressed == nil)
    }
}
