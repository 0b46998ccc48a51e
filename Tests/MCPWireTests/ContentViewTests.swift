import Testing

@testable import MCPWire

@Suite("Content for agents")
struct ContentViewTests {
    private let audio = #"{ "type":"audio","data":"UklGRg==","mimeType":"audio\/wav","annotations":{"audience":["user"]}}"#
    private let link = #"{"type":"resource_\u006cink","uri":"a://1?\"","name":"one","description":"the first","size":1.0}"#
    private let others =
        #"{"type":"text","text":"audio \u0061"} ,{"type":"resource","resource":{"uri":"a://2", "text":"two"}},{"type":"video","x":1},7"#
    private let audioAsText =
        #"{"type":"text","text":"[audio of type audio/wav, which this client's protocol revision does not have]","annotations":{"audience":["user"]}}"#
    private let linkAsText = #"{"type":"text","text":"one: a://1?\"\nthe first"}"#

    private func shown(_ members: String, to revision: String, _ uris: [String: String] = [:]) throws -> String {
        let answer = try answer(#"{"jsonrpc":"2.0","id":7,"result":{\#(members)}}"#)
        let body = answer.addressed(to: RequestID(7), content: ContentView(for: Dialect.named(revision), shown: uris))
        return String(text(body).dropFirst(#"{"jsonrpc":"2.0","id":7,"result":{"#.count).dropLast(2))
    }

    @Test("is text where the agent's revision has no such kind, and all else stays byte for byte")
    func kinds() throws {
        let result = #""x":1.0, "content" : [\#(audio),\#(others), \#(link) ],"structuredContent":{"content":[\#(audio)]}"#
        let withoutLinks = result.replacing(link, with: linkAsText)
        let structured = #""structuredContent":{"content":[\#(audio)]}"#
        #expect(
            try shown(result, to: "2024-11-05")
                == #""x":1.0, "content" : [\#(audioAsText),\#(others), \#(linkAsText) ],"# + structured)
        #expect(try shown(result, to: "2025-03-26") == withoutLinks)
        #expect(try shown(result, to: "2025-06-18") == result)
        #expect(try shown(result, to: "2025-11-25") == result)
    }

    @Test("is looked for in the messages of a prompt too, alone or several in one")
    func prompts() throws {
        func messages(_ first: String, _ second: String) -> String {
            #""messages":[{"role":"user","content":\#(first)}, {"role":"user","content":[\#(second),\#(others)]},{"role":"user"},1]"#
        }
        #expect(try shown(messages(audio, link), to: "2024-11-05") == messages(audioAsText, linkAsText))
        #expect(try shown(messages(link, audio), to: "2025-03-26") == messages(linkAsText, audio))
    }

    @Test(
        "that is of no sound form is left to the agent",
        arguments: [#""content":{}"#, #""content":[[],null,{"type":1}]"#, #""messages":5"#])
    func unsound(members: String) throws {
        #expect(try shown(members, to: "2024-11-05") == members)
    }

    @Test("has the URIs by which the agent knows its resources")
    func addresses() throws {
        let result = #""content":[\#(link),\#(others)]"#
        let uris = ["a://1?\"": "up+a://1?\"", "a://2": "up+a://2"]
        let renamed = result.replacing(#""uri":"a://"#, with: #""uri":"up+a://"#)
        #expect(try shown(result, to: "2025-11-25", uris) == renamed)
        #expect(try shown(result, to: "2024-11-05", uris).contains(#""text":"one: up+a://1?\"\nthe first""#))
        #expect(try answer(#"{"jsonrpc":"2.0","id":7,"result":{\#(result)}}"#).uris(limit: 9) == ["a://1?\"", "a://2"])
        #expect(try answer(#"{"jsonrpc":"2.0","id":7,"result":{\#(result)}}"#).uris(limit: 1) == ["a://1?\""])
        let stateless = try answer(#"{"jsonrpc":"2.0","id":7,"result":{\#(result)}}"#)
            .addressed(to: RequestID(7), by: Responder(version: "1"), content: ContentView(for: nil, shown: uris))
        #expect(text(stateless.body).contains(renamed))
    }

    @Test("costs newer agents nothing")
    func none() {
        #expect(ContentView(for: nil) == nil && ContentView(for: .newestHandshake) == nil && ContentView(for: .assumed) != nil)
    }
}
