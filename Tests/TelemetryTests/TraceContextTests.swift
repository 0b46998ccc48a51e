import Telemetry
import Testing

@Suite("Trace context") struct TraceContextTests {
    private let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("What is read is written again") func roundTrip() throws {
        let context = try #require(TraceContext(parent: parent, state: "rojo=1"))
        #expect(context.parent == parent)
        #expect(context.trace == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.isSampled)
        #expect(context.state == "rojo=1")
        #expect(TraceContext(parent: "00-0000000000000000000000000000000a-000000000000000b-00")?.isSampled == false)
    }

    @Test("A later version is read as far as all versions go") func laterVersion() {
        #expect(TraceContext(parent: "01" + parent.dropFirst(2) + "-what-comes") != nil)
        #expect(TraceContext(parent: "01" + parent.dropFirst(2) + "what-comes") == nil)
    }

    @Test(
        "What is no traceparent is none",
        arguments: [
            "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01", "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-1",
        ])
    func malformed(_ text: String) {
        #expect(TraceContext(parent: text) == nil)
    }

    @Test("An endpoint is the collector's base address, or the whole one") func endpoint() {
        #expect(OTLPEndpoint("http://collector:4318") == OTLPEndpoint("http://collector:4318/v1/traces"))
        #expect(OTLPEndpoint("https://x.example/otlp/") == OTLPEndpoint("https://x.example:443/otlp/v1/traces"))
        for bad in ["collector:4318", "ftp://x", "http://", "http://u:p@x", "http://x/?a=b", "http://x:0"] {
            #expect(OTLPEndpoint(bad) == nil)
        }
    }
}
