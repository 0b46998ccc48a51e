import Tracing

/// Spans in the JSON form of OTLP: an `ExportTraceServiceRequest`, ids in hex, 64-bit numbers as text.
struct OTLPRequest {
    /// Of whom the spans are.
    let service: ServiceIdentity

    /// The request's body.
    func body(of spans: [SpanRecord]) -> [UInt8] {
        var json = OTLPWriter()
        json.object { json in
            json.array("resourceSpans") { json in
                json.element { json in
                    json.object("resource") { $0.attributes(service.attributes) }
                    json.array("scopeSpans") { json in
                        json.element { json in
                            json.object("scope") { json in
                                json.text("name", "satgate")
                                json.text("version", service.version)
                            }
                            json.array("spans") { json in
                                for span in spans { json.element { Self.write(span, to: &$0) } }
                            }
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    private static func write(_ span: SpanRecord, to json: inout OTLPWriter) {
        json.text("traceId", span.place.trace)
        json.text("spanId", TraceContext.hex(span.place.span))
        if let parent = span.parent { json.text("parentSpanId", TraceContext.hex(parent)) }
        if let state = span.place.state { json.text("traceState", state) }
        json.number("flags", span.place.isSampled ? 1 : 0)
        json.text("name", span.name)
        json.number("kind", number(of: span.kind))
        json.text("startTimeUnixNano", "\(span.began)")
        json.text("endTimeUnixNano", "\(span.ended ?? span.began)")
        json.attributes(span.attributes)
        if !span.events.isEmpty { json.array("events") { write(span.events, to: &$0) } }
        if !span.links.isEmpty { json.array("links") { write(span.links, to: &$0) } }
        guard let status = span.status else { return }
        json.object("status") { json in
            json.number("code", status.code == .ok ? 1 : 2)
            if let message = status.message { json.text("message", message) }
        }
    }

    private static func write(_ events: [SpanEvent], to json: inout OTLPWriter) {
        for event in events {
            json.element { json in
                json.text("timeUnixNano", "\(event.nanosecondsSinceEpoch)")
                json.text("name", event.name)
                json.attributes(event.attributes)
            }
        }
    }

    private static func write(_ links: [SpanLink], to json: inout OTLPWriter) {
        for link in links {
            guard let place = link.context.place else { continue }
            json.element { json in
                json.text("traceId", place.trace)
                json.text("spanId", TraceContext.hex(place.span))
                json.attributes(link.attributes)
            }
        }
    }

    private static func number(of kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}

/// Of whom spans are: the resource that OTLP names.
package struct ServiceIdentity: Sendable {
    /// Of the program.
    let version: String
    /// The node.
    let instance: String

    package init(version: String, instance: String) {
        self.version = version
        self.instance = instance
    }

    var attributes: SpanAttributes {
        var attributes: SpanAttributes = ["service.name": "satgate"]
        attributes["service.version"] = version
        attributes["service.instance.id"] = instance
        return attributes
    }
}
