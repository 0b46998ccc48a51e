import Tracing

/// What is told of a span.
struct SpanRecord: Sendable {
    var name: String
    let kind: SpanKind
    let place: TraceContext
    /// The id of the span above it; nil at the root.
    let parent: UInt64?
    /// Unix nanoseconds.
    let began: UInt64
    /// Unix nanoseconds; nil while it goes on.
    var ended: UInt64?
    var attributes: SpanAttributes = [:]
    var status: SpanStatus?
    var events: [SpanEvent] = []
    var links: [SpanLink] = []

    init(name: String, kind: SpanKind, place: TraceContext, parent: UInt64?, began: UInt64) {
        self.name = name
        self.kind = kind
        self.place = place
        self.parent = parent
        self.began = began
    }

    var hasEnded: Bool { ended != nil }
}
