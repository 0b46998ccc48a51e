import Testing
import Tracing

@testable import Telemetry

@Suite("OTLP tracer") struct OTLPTracerTests {
    private func context(_ parent: String) -> ServiceContext {
        var context = ServiceContext.topLevel
        context.place = TraceContext(parent: parent)
        return context
    }

    @Test("The oldest spans are dropped for new ones, and what is put back comes first") func bounded() {
        let queue = SpanQueue(limit: 3, batch: 2)
        let tracer = OTLPTracer(queue: queue, ratio: 1)
        for name in ["a", "b", "c", "d"] { tracer.startSpan(name, context: .topLevel).end() }
        #expect(queue.count == 3)
        #expect(queue.takeDropped() == 1)
        #expect(queue.takeDropped() == 0)
        let taken = queue.take()
        #expect(taken.map(\.name) == ["b", "c"])
        queue.putBack(taken)
        #expect(queue.take().map(\.name) == ["b", "c"])
        #expect(queue.take().map(\.name) == ["d"])
        tracer.startSpan("e", context: .topLevel).end()
        queue.putBack(taken + taken)
        #expect(queue.count == 3)
        #expect(queue.takeDropped() == 2)
    }

    @Test("A parent decides whether a span is recorded, whatever the ratio", arguments: [0.0, 1.0]) func parent(ratio: Double) {
        let queue = SpanQueue()
        let tracer = OTLPTracer(queue: queue, ratio: ratio)
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"
        let sampled = tracer.startSpan("sampled", context: context(trace + "01"))
        let other = tracer.startSpan("other", context: context(trace + "00"))
        #expect(sampled.isRecording && !other.isRecording)
        sampled.end()
        sampled.end()
        other.end()
        #expect(queue.take().map(\.name) == ["sampled"])
        #expect(tracer.startSpan("root", context: .topLevel).isRecording == (ratio == 1))
    }

    @Test("An error's text is not kept") func error() {
        struct Told: Error { let secret = "s3cret" }
        let queue = SpanQueue()
        let span = OTLPTracer(queue: queue, ratio: 1).startSpan("failing", context: .topLevel)
        span.recordError(Told())
        span.setStatus(SpanStatus(code: .error))
        span.end()
        let body = OTLPRequest(service: ServiceIdentity(version: "1", instance: "n")).body(of: queue.take())
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains("Told") && !text.contains("s3cret"))
    }
}
