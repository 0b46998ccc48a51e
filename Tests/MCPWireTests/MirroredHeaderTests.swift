import Testing

@testable import MCPWire

@Suite("Headers that repeat what a body says")
struct MirroredHeaderTests {
    /// The specification's table, and what stands at its edges.
    @Test(
        "values that a header cannot carry as they are go in base64",
        arguments: [
            ("us-west1", "us-west1"), ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="), (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="), ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""), ("a b", "a b"), ("=?base64?x", "=?base64?x"), ("x\u{7F}", "=?base64?eH8=?="), ("\t", "=?base64?CQ==?="),
            ("a\r\nX: y", "=?base64?YQ0KWDogeQ==?="), ("é", "=?base64?w6k=?="),
        ])
    func encoding(_ value: String, _ header: String) { #expect(HeaderValue.encoded(value) == header) }

    private func tool(_ schema: String) throws -> ToolDefinition { try ToolDefinition(bytes(#"{"name":"t","inputSchema":\#(schema)}"#)) }

    private func headers(_ schema: String, _ arguments: String?) throws -> [String] {
        let member = arguments.map { #","arguments":\#($0)"# } ?? ""
        let call = try toolCall(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"\#(member)}}"#)
        return call.headers(for: try #require(try tool(schema).mirrored)).map { "\($0.name): \($0.value)" }
    }

    private let region = #"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"q":{"type":"string"}}}"#

    @Test("a marked argument is repeated, an absent or null one is not")
    func present() throws {
        #expect(try headers(region, #"{"q":"x","region":"us-west1"}"#) == ["Mcp-Param-Region: us-west1"])
        #expect(try headers(region, #"{"reg\u0069on":"Hello, \u4e16界"}"#) == ["Mcp-Param-Region: =?base64?SGVsbG8sIOS4lueVjA==?="])
        for arguments in [#"{"q":"x"}"#, #"{"region":null}"#, "{}", "null", nil] { #expect(try headers(region, arguments).isEmpty) }
        for arguments in [#"{"region":["a"]}"#, #"{"region":{"a":1}}"#] { #expect(try headers(region, arguments).isEmpty) }
    }

    @Test(
        "integers and truth values are written out",
        arguments: [
            ("42", "42"), ("-7", "-7"), ("true", "true"), ("false", "false"), ("42.0", "42"), ("1e3", "1000"), ("0.5", "0.5"),
            ("1e400", "1e400"),
        ])
    func primitives(_ value: String, _ header: String) throws {
        let schema = #"{"properties":{"n":{"type":"integer","x-mcp-header":"N"}}}"#
        #expect(try headers(schema, #"{"n":\#(value)}"#) == ["Mcp-Param-N: \(header)"])
    }

    @Test("an argument inside others is found by its exact path")
    func nested() throws {
        let schema =
            #"{"properties":{"a":{"type":"object","properties":{"b":{"type":"boolean","x-mcp-header":"Deep"}}},"x-mcp-header":{"type":"string"}}}"#
        #expect(try headers(schema, #"{"b":false,"a":{"b":true}}"#) == ["Mcp-Param-Deep: true"])
        #expect(try headers(schema, #"{"b":true,"a":"b"}"#).isEmpty)
    }

    @Test(
        "a mark that the protocol forbids makes the definition useless to a client without a handshake",
        arguments: [
            #"{"x-mcp-header":"A","type":"string"}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":""}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A B"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A\r\nB"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"Ä"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":1}}}"#,
            #"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":"object","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
            #"{"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}"#,
            #"{"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}"#,
            #"{"if":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}"#,
            #"{"$defs":{"d":{"type":"string","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"not":{"properties":{"b":{"type":"string","x-mcp-header":"A"}}}}}}"#,
        ])
    func forbidden(_ schema: String) throws {
        let tool = try tool(schema)
        #expect(tool.mirrored == nil)
        let list = #"{"jsonrpc":"2.0","id":1,"result":{"tools":[\#(text(tool.bytes)),{"name":"sound"}]}}"#
        #expect(try ToolPage(Answer(message(list), era: .modern)).tools.map(\.name) == ["sound"])
        #expect(try ToolPage(answer(list)).tools.map(\.name) == ["t", "sound"], "others need not care")
    }

    @Test(
        "data that looks like a mark is none",
        arguments: [
            #"{"default":{"x-mcp-header":"A"}}"#, #"{"properties":{"a":{"enum":["x-mcp-header"],"const":{"x-mcp-header":1}}}}"#,
            #"{"properties":{"x-mcp-header":{"type":"string"}}}"#, #"{"$defs":{"x-mcp-header":true}}"#, #"["x-mcp-header"]"#,
            #"{"description":"see x-mcp-header"}"#, "{}",
        ])
    func data(_ schema: String) throws { #expect(try tool(schema).mirrored == []) }

    @Test("are read back as what they repeat, and anything that repeats no text is none")
    func decoding() {
        for value in ["us-west1", "Hello, 世界", " padded ", "a\nb", "=?base64?literal?=", "", "é", "\t", "ab", "abc", "abcd"] {
            #expect(HeaderValue.decoded(HeaderValue.encoded(value)) == value)
        }
        for bad in [
            "=?base64?a?=", "=?base64?YQ?=", "=?base64?YQ==YQ==?=", "=?base64?YR==?=", "=?base64?/w==?=", "=?base64?=?=", "é", "\u{1}",
        ] {
            #expect(HeaderValue.decoded(bad) == nil, "\(bad)")
        }
        #expect(HeaderValue.decoded("=?base64??=") == "" && HeaderValue.decoded("=?BASE64?YQ==?=") == "=?BASE64?YQ==?=")
        #expect(HeaderValue.decoded("=?base64?=") == "=?base64?=")
    }

    private func misquoted(_ type: String, _ argument: String?, _ given: [String]) throws -> String? {
        let schema = #"{"type":"object","properties":{"o":{"type":"object","properties":{"p":{"type":"\#(type)","x-mcp-header":"P"}}}}}"#
        let arguments = argument.map { #"{"o":{"p":\#($0)}}"# } ?? #"{"o":{}}"#
        let call = try toolCall(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":\#(arguments)}}"#)
        return call.misquoted(try #require(try tool(schema).mirrored)) { $0.lowercased() == "mcp-param-p" ? given : [] }
    }

    @Test("must be there once for an argument, and say the same")
    func quoting() throws {
        for (type, argument, given) in [
            ("string", #""a""#, "a"), ("string", #""a""#, "=?base64?YQ==?="), ("integer", "42", "42"), ("integer", "42", "42.0"),
            ("integer", "42.0", "42"), ("boolean", "true", "true"),
        ] {
            #expect(try misquoted(type, argument, [given]) == nil, "\(argument) \(given)")
            #expect(try misquoted(type, argument, [given, given]) == "Mcp-Param-P")
            #expect(try misquoted(type, argument, []) == "Mcp-Param-P")
            #expect(try misquoted(type, argument, ["b"]) == "Mcp-Param-P")
        }
        #expect(try misquoted("string", #""42""#, ["42.0"]) == "Mcp-Param-P")
        #expect(try misquoted("string", #""a""#, ["=?base64?Y?="]) == "Mcp-Param-P")
        for nothing in [nil, "null", "[1]", "{}"] {
            #expect(try misquoted("string", nothing, []) == nil)
            #expect(try misquoted("string", nothing, ["a"]) == "Mcp-Param-P")
        }
    }
}
