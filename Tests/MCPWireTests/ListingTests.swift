import Testing

@testable import MCPWire

@Suite("Lists of prompts, resources and templates")
struct ListingTests {
    @Test("are read page by page; what is no definition hides nothing else", arguments: Listing.allCases)
    func page(_ listing: Listing) throws {
        let items = #"[{"\#(listing.key)":"one"},{"other":1},{"\#(listing.key)":"a","\#(listing.key)":"b"},7,{"\#(listing.key)":"two"}]"#
        let page = try ListPage(
            answer(#"{"jsonrpc":"2.0","id":1,"result":{"\#(listing.member)":\#(items),"nextCursor":"n"}}"#), of: listing)
        #expect(page.items.map(\.name) == ["one", "two"] && page.nextCursor == "n")
        #expect(throws: WireError.self) { try ListPage(answer(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#), of: listing) }
    }

    @Test("show a definition under another name, and without what is ours, all else byte for byte")
    func shown() throws {
        let bytes = bytes(#"{ "uri" : "a://\u0062","x":[1, 2],"_meta":{"io.satgate/c":1,"k":"uri"}}"#)
        let definition = try ListedDefinition(bytes, in: .resources)
        #expect(definition.name == "a://b" && definition.bytes == bytes)
        #expect(text(definition.shown(as: "up+a://b")) == #"{ "uri" : "up+a://b","x":[1, 2],"_meta":{"k":"uri"}}"#)
    }

    @Test("are answered as the list that was asked for")
    func answered() throws {
        #expect(
            text(Outgoing.listResult(.templates, id: RequestID(5), items: [bytes("{}")], nextCursor: nil))
                == #"{"jsonrpc":"2.0","id":5,"result":{"resourceTemplates":[{}]}}"#)
    }

    @Test("are there where the server says so")
    func capabilities() throws {
        let said = #"{"prompts":{"listChanged":true},"resources":{"subscribe":true},"completions":{},"tools":null}"#
        let result = try InitializeResult(
            answer(#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":\#(said)}}"#))
        #expect(result.capabilities == [.prompts, .promptsListChanged, .resources, .completions, .subscriptions])
    }
}

@Suite("A template of URIs")
struct URITemplateTests {
    @Test(
        "matches what may have come of it",
        arguments: [
            ("a://{id}", "a://1", true), ("a://{id}", "a://", false), ("a://{id}", "a://1/2", false), ("a://{id}", "b://1", false),
            ("a://{x}/{y}", "a://1/2", true), ("a://{x}/{y}", "a://1", false), ("a://{x}-{y}", "a://1-2-3", true),
            ("a://{+path}", "a://1/2?c#d", true), ("a://{path*}", "a://1/2", true), ("a://{x}.txt", "a://b.txt", true),
            ("a://{x}.txt", "a://b.txt.md", false), ("{x}", "a:b", true), ("a://é{x}", "a://é✓", true), ("a://{x}{y}", "a://12", true),
            ("a://{x}{y}", "a://1", false),
        ])
    func matches(_ template: String, _ uri: String, _ expected: Bool) throws {
        #expect(try #require(URITemplate(template)).matches(uri) == expected)
    }

    @Test("without an expression, or whose braces do not pair, is none", arguments: ["a://b", "", "{", "a{}", "a{b", "a}b{c}d}"])
    func broken(_ template: String) { #expect(URITemplate(template) == nil) }

    @Test("takes no longer for one that could match in many ways")
    func hostile() throws {
        let template = try #require(URITemplate(String(repeating: "{a}x", count: 60)))
        let uri = String(repeating: "x", count: 8000) + "y"
        #expect(!template.matches(uri))
    }
}
