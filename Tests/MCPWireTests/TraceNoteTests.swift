import MCPWire
import Testing

@Suite("Trace context of a message") struct TraceNoteTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func request(_ meta: String) throws -> ForwardedRequest {
        let text = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":\#(meta)}}"#
        return try ForwardedRequest(Message(Array(text.utf8)))
    }

    private func forwarded(_ meta: String, _ note: TraceNote?) throws -> String {
        String(decoding: try request(meta).forwarded(id: 1, name: "x", trace: note), as: UTF8.self)
    }

    @Test("The gateway's own stands in the place of the agent's, and all else stays") func replaced() throws {
        let note = try #require(TraceNote(parent: Self.parent, state: "a=\"b\""))
        let told = #""traceparent":"\#(Self.parent)","tracestate":"a=\"b\"""#
        for meta in [
            "{}", #"{"traceparent":"mine"}"#, #"{"tracestate":"mine","a":1}"#,
            #"{"a":1,"traceparent":"mine","tracestate":7,"baggage":"b=c"}"#,
        ] {
            let text = try forwarded(meta, note)
            #expect(text.contains(told) && !text.contains("mine"))
            #expect(try Message(Array(text.utf8)).traceNote == note)
            #expect(text.contains(#""a":1"#) == meta.contains(#""a":1"#))
            #expect(text.contains(#""baggage":"b=c""#) == meta.contains("baggage"))
        }
    }

    @Test("Without one the agent's passes byte for byte") func passed() throws {
        let meta = #"{ "traceparent" : "mi\u006ee", "tracestate":7 }"#
        #expect(try forwarded(meta, nil).contains(meta))
    }

    @Test("What is not well-formed is none", arguments: ["", "00-00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX: y"])
    func malformed(_ text: String) {
        #expect(TraceNote(parent: text, state: nil) == nil)
        #expect(TraceNote(parent: Self.parent, state: "a\r\nb")?.state == nil)
    }
}
