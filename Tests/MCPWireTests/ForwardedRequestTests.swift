import Testing

@testable import MCPWire

@Suite("A request for a prompt, a resource or a completion")
struct ForwardedRequestTests {
    private func request(_ method: String, _ params: String) throws -> ForwardedRequest {
        try ForwardedRequest(message(#"{"jsonrpc":"2.0","id":"a","method":"\#(method)","params":\#(params)}"#))
    }

    private func forwarded(_ method: String, _ params: String, name: String, sender: Sender? = nil) throws -> String {
        let whole = text(try request(method, params).forwarded(id: 7, name: name, sender: sender))
        let head = #"{"jsonrpc":"2.0","id":7,"method":"\#(method)","params":"#
        #expect(whole.hasPrefix(head))
        return String(whole.dropFirst(head.count).dropLast())
    }

    @Test("says what it is about")
    func subjects() throws {
        let prompt = try request("prompts/get", #"{"name":"greet","arguments":{"name":"x"}}"#)
        #expect(prompt.kind == .prompt && prompt.name == "greet" && prompt.method == "prompts/get")
        let resource = try request("resources/read", #"{"uri":"a:\u002f/b"}"#)
        #expect(resource.kind == .resource && resource.name == "a://b" && resource.method == "resources/read")
        let ofPrompt = try request("completion/complete", #"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n","value":"v"}}"#)
        #expect(ofPrompt.kind == .promptCompletion && ofPrompt.name == "p" && ofPrompt.method == "completion/complete")
        let ofResource = try request("completion/complete", #"{"ref":{"type":"ref/resource","uri":"a://{b}"},"argument":{}}"#)
        #expect(ofResource.kind == .resourceCompletion && ofResource.name == "a://{b}")
    }

    @Test(
        "that does not say what it is about, or says it twice or in another spelling, is refused",
        arguments: [
            ("prompts/get", "{}"), ("prompts/get", #"{"name":1}"#), ("prompts/get", #"{"name":"p","arguments":[]}"#),
            ("resources/read", #"{"name":"p"}"#), ("resources/read", #"{"uri":""}"#), ("resources/read", #"{"uri":"a","URI":"b"}"#),
            ("completion/complete", #"{"ref":{"type":"ref/prompt"}}"#), ("completion/complete", #"{"ref":{"type":"ref/tool","name":"p"}}"#),
            ("completion/complete", #"{"ref":{"type":"ref/prompt","name":"p","name":"q"}}"#),
            ("completion/complete", #"{"ref":{"type":"ref/prompt","name":"p","Name":"q"}}"#),
            ("completion/complete", #"{"ref":"ref/prompt"}"#),
            ("completion/complete", #"{"ref":{"type":"ref/prompt","name":"p"},"argument":1}"#), ("tools/list", #"{"name":"p"}"#),
        ])
    func refused(_ method: String, _ params: String) {
        #expect(throws: WireError.self) { try request(method, params) }
    }

    @Test("is forwarded under the upstream's name for it, all else byte for byte")
    func renamed() throws {
        #expect(
            try forwarded("prompts/get", #"{ "name":"up__p","arguments":{"name":"up__p"}}"#, name: "p")
                == #"{ "name":"p","arguments":{"name":"up__p"}}"#)
        #expect(
            try forwarded("resources/read", #"{"uri" : "up+a://b","_meta":{"token":"t","io.satgate/x":1,"k":2}}"#, name: "a://b")
                == #"{"uri" : "a://b","_meta":{"k":2}}"#)
        #expect(
            try forwarded("completion/complete", #"{"argument":{"name":"uri"}, "ref":{"uri":"up+a","type":"ref/resource"}}"#, name: "a")
                == #"{"argument":{"name":"uri"}, "ref":{"uri":"a","type":"ref/resource"}}"#)
    }

    @Test("repeats in headers what it is about, where the protocol wants that")
    func headers() throws {
        let resource = try request("resources/read", #"{"uri":"a://é"}"#)
        #expect(resource.mirroredHeaders(name: "a://é", []).map(\.name) == ["Mcp-Name"])
        #expect(resource.mirroredHeaders(name: "a://é", []).first?.value == HeaderValue.encoded("a://é"))
        let completion = try request("completion/complete", #"{"ref":{"type":"ref/prompt","name":"p"}}"#)
        #expect(completion.mirroredHeaders(name: "p", []).isEmpty)
    }

    @Test("without a handshake says who sends it")
    func stateless() throws {
        let sender = Sender(revision: Dialect.newestModern, clientVersion: "1")
        let params = try forwarded("completion/complete", #"{"ref":{"type":"ref/prompt","name":"p"}}"#, name: "q", sender: sender)
        #expect(params.hasPrefix(#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28""#))
        #expect(params.hasSuffix(#","ref":{"type":"ref/prompt","name":"q"}}"#))
    }
}
