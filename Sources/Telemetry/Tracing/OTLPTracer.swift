package import Tracing

/// Makes spans that are sent to an OTLP collector. What is sampled is told by the parent, without one by chance.
package struct OTLPTracer: Tracer {
    private let queue: SpanQueue
    /// Traces below it are recorded, by the last 64 bits of their ids; nil: all of them.
    private let bound: UInt64?

    /// `ratio`: the share of the traces that begin here that is recorded, 0 to 1.
    package init(queue: SpanQueue, ratio: Double) {
        self.queue = queue
        bound = ratio >= 1 ? nil : UInt64(max(0, ratio) * 0x1p64)
    }

    package func startSpan<Instant: TracerInstant>(
        _ name: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind, at instant: @autoclosure () -> Instant,
        function: String, file: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.place
        let place = parent.map(child) ?? root()
        context.place = place
        let seed = SpanRecord(
            name: name, kind: kind, place: place, parent: parent?.span, began: place.isSampled ? instant().nanosecondsSinceEpoch : 0)
        return OTLPSpan(seed, context: context, queue: place.isSampled ? queue : nil)
    }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        context.place = TraceContext(parent: parent, state: extractor.extract(key: "tracestate", from: carrier))
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let place = context.place else { return }
        injector.inject(place.parent, forKey: "traceparent", into: &carrier)
        if let state = place.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }

    /// Asks for all that has ended to be sent soon.
    package func forceFlush() { queue.hurry() }

    private func child(of parent: TraceContext) -> TraceContext {
        TraceContext(high: parent.high, low: parent.low, span: Self.id(), isSampled: parent.isSampled, state: parent.state)
    }

    private func root() -> TraceContext {
        let low = UInt64.random(in: .min ... .max)
        return TraceContext(high: Self.id(), low: low, span: Self.id(), isSampled: bound.map { low < $0 } ?? true)
    }

    /// No id is 0.
    private static func id() -> UInt64 { UInt64.random(in: 1 ... .max) }
}
