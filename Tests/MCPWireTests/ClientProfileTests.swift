import Testing

@testable import MCPWire

@Suite("What a client says of itself")
struct ClientProfileTests {
    private func profile(_ capabilities: String, info: String? = nil) -> ClientProfile? {
        ClientProfile(info: info.map { Array($0.utf8) }, capabilities: Array(capabilities.utf8))
    }

    @Test(
        "its capabilities decide what it may be asked",
        arguments: [
            ("{}", []), (#"{"sampling":{}}"#, .sampling), (#"{"roots":{"listChanged":true}}"#, .roots), (#"{"roots":null}"#, []),
            (#"{"elicitation":{}}"#, .elicitation), (#"{"elicitation":{"form":{}}}"#, .elicitation),
            (#"{"elicitation":{"url":{}}}"#, .elicitationByURL),
            (#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}}}"#, [.elicitation, .elicitationByURL, .sampling]),
        ] as [(String, ClientAbilities)])
    func abilities(_ capabilities: String, _ expected: ClientAbilities) throws {
        #expect(try #require(profile(capabilities)).abilities == expected)
    }

    @Test("tasks are taken out, all else stays as it is written")
    func tasks() throws {
        let found = try #require(
            profile(#"{ "x":[1 ],"tasks":{"list":{}},"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{}} }"#))
        #expect(
            String(decoding: found.capabilities, as: UTF8.self) == #"{ "x":[1 ],"extensions":{"io.modelcontextprotocol/ui":{}} }"#)
    }

    @Test("what is no object, or is too long, is no profile")
    func unreadable() {
        #expect(profile("[]") == nil)
        #expect(profile("{}", info: "7") == nil)
        #expect(profile("{", info: "{}") == nil)
        #expect(profile("{}", info: #"{"name":"\#(String(repeating: "n", count: ClientProfile.limit))"}"#) == nil)
    }

    @Test("a question needs the ability that it is about")
    func questions() throws {
        func needed(_ method: String, _ params: String = "{}") throws -> ClientAbilities? {
            try Message(Array(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#.utf8)).neededAbility
        }
        #expect(try needed("sampling/createMessage") == .sampling)
        #expect(try needed("roots/list") == .roots)
        #expect(try needed("elicitation/create", #"{"mode":"form"}"#) == .elicitation)
        #expect(try needed("elicitation/create") == .elicitation)
        #expect(try needed("elicitation/create", #"{"mode":"url"}"#) == .elicitationByURL)
        #expect(try needed("ping") == nil)
    }

    @Test("it takes the gateway's place in what is said to an upstream")
    func told() throws {
        let found = try #require(profile(#"{"sampling":{}}"#, info: #"{"name":"n","version":"1"}"#))
        let hello = String(decoding: Outgoing.initialize(id: 1, revision: "r", clientVersion: "9", profile: found), as: UTF8.self)
        #expect(hello.contains(#""capabilities":{"sampling":{}},"clientInfo":{"name":"n","version":"1"}"#))
        let sender = Sender(revision: "r", profile: found, logLevel: .warning)
        let members = String(decoding: sender.members, as: UTF8.self)
        #expect(members.contains(#""io.modelcontextprotocol/clientCapabilities":{"sampling":{}}"#))
        #expect(members.hasSuffix(#""io.modelcontextprotocol/logLevel":"warning""#))
    }
}
