import Synchronization
package import Tracing

/// One span; one that is not sampled keeps nothing but its place.
package final class OTLPSpan: Span {
    package let context: ServiceContext
    private let queue: SpanQueue?
    private let record: Mutex<SpanRecord>

    /// `queue`: where it goes when it has ended; nil where it is not sampled.
    init(_ record: SpanRecord, context: ServiceContext, queue: SpanQueue?) {
        self.context = context
        self.queue = queue
        self.record = Mutex(record)
    }

    package var isRecording: Bool { queue != nil && record.withLock { !$0.hasEnded } }

    package var operationName: String {
        get { record.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { record.withLock { $0.attributes } }
        set { change { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { change { $0.status = status } }

    package func addEvent(_ event: SpanEvent) { change { $0.events.append(event) } }

    package func addLink(_ link: SpanLink) { change { $0.links.append(link) } }

    /// An error's own text may quote what an agent or an upstream has sent: only its type is kept.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard queue != nil else { return }
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let queue else { return }
        let now = instant().nanosecondsSinceEpoch
        let ended = record.withLock { record -> SpanRecord? in
            guard !record.hasEnded else { return nil }
            // A clock that was set back meanwhile must not make it end before it began.
            record.ended = max(now, record.began)
            return record
        }
        if let ended { queue.add(ended) }
    }

    private func change(_ body: (inout SpanRecord) -> Void) {
        guard queue != nil else { return }
        record.withLock { if !$0.hasEnded { body(&$0) } }
    }
}
