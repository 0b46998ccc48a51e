import Testing

@testable import MCPWire

@Suite("An idempotency key")
struct IdempotencyKeyTests {
    private func call(_ params: String, method: String = "tools/call") throws -> ForwardedRequest {
        try ForwardedRequest(message(#"{"jsonrpc":"2.0","id":"a","method":"\#(method)","params":\#(params)}"#))
    }

    @Test("has 1 to 255 bytes without control characters")
    func form() {
        #expect(IdempotencyKey("k")?.text == "k" && IdempotencyKey(String(repeating: "k", count: 255)) != nil)
        #expect(IdempotencyKey("") == nil && IdempotencyKey(String(repeating: "k", count: 256)) == nil)
        #expect(IdempotencyKey(String(repeating: "é", count: 128)) == nil)
        for text in ["a\nb", "\u{0}", "\u{7F}", "\u{85}"] { #expect(IdempotencyKey(text) == nil) }
        #expect(IdempotencyKey([0x6B, 0xFF]) == nil && IdempotencyKey(bytes("ключ 🙂")) != nil)
    }

    @Test("comes in _meta, or in a header, or the same in both")
    func places() throws {
        let inMeta = try call(#"{"name":"t","_meta":{"io.satgate/idempotencyKey":"k"}}"#)
        let bare = try call(#"{"name":"t"}"#)
        #expect(try inMeta.key(besides: nil)?.text == "k" && inMeta.key(besides: bytes("k"))?.text == "k")
        #expect(try bare.key(besides: bytes("k"))?.text == "k" && bare.key(besides: nil) == nil)
        #expect(IdempotencyKey("\u{E9}") != IdempotencyKey("e\u{301}"))
        for header in ["", "other", "a\u{1}"] {
            let error = #expect(throws: WireError.self) { try inMeta.key(besides: bytes(header)) }
            guard case .invalidParams = error else { return #expect(Bool(false), "\(String(describing: error))") }
        }
    }

    @Test("stands for what is asked, however that is spelled, and for nothing else")
    func question() throws {
        let first = try call(#"{"name":"t","arguments":{"a":1,"b":"x"}}"#).canonicalText
        for same in [
            #"{ "arguments" : {"b":"\u0078","a":1.0}, "name":"t"}"#,
            #"{"name":"t","arguments":{"a":1,"b":"x"},"_meta":{"k":1},"requestState":"s","inputResponses":{},"task":{}}"#,
        ] {
            #expect(try call(same).canonicalText == first)
        }
        for other in [#"{"name":"u","arguments":{"a":1,"b":"x"}}"#, #"{"name":"t","arguments":{"a":2,"b":"x"}}"#, #"{"name":"t"}"#] {
            #expect(try call(other).canonicalText != first)
        }
        #expect(try call(#"{"name":"t"}"#).canonicalText != call(#"{"name":"t"}"#, method: "prompts/get").canonicalText)
        let completion = #"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n","value":"v"}}"#
        let other = #"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n","value":"w"}}"#
        let method = "completion/complete"
        #expect(try call(completion, method: method).canonicalText != call(other, method: method).canonicalText)
    }

    @Test("of the agent never goes upstream, where another may stand in its place")
    func upstream() throws {
        let own = try call(#"{"name":"t","_meta":{"io.satgate/idempotencyKey":"mine","k":2}}"#)
        #expect(!text(own.forwarded(id: 7, name: "t")).contains("mine"))
        #expect(
            text(own.keyed("derived").forwarded(id: 7, name: "t"))
                == #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t","_meta":{"io.satgate/idempotencyKey":"derived","k":2}}}"#
        )
        let bare = try call(#"{"name":"t"}"#).keyed("derived")
        let whole = #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"io.satgate/idempotencyKey":"derived"},"name":"t"}}"#
        #expect(text(bare.forwarded(id: 7, name: "t")) == whole)
        let again = bare.continued(with: Continuation(inputResponses: nil, requestState: bytes(#""s""#)))
        #expect(text(again.forwarded(id: 7, name: "t")).contains(#""io.satgate/idempotencyKey":"derived""#))
        let sender = Sender(revision: Dialect.newestModern, clientVersion: "1")
        let modern = try Message(own.keyed("derived").forwarded(id: 7, name: "t", sender: sender))
        #expect(modern.metaText(MetaKey.idempotencyKey) == "derived" && modern.protocolVersionOfMeta == Dialect.newestModern)
    }
}
