import Governance
import MCPWire
import NIOCore
import Synchronization
import Tracing
import Upstreams

/// The spans of one request: its own, and below it one for each stage. Names and attributes are those of OpenTelemetry's conventions for
/// MCP; nothing is told of arguments, results or the texts of errors. Belongs to the task that serves the request.
final class RequestTrace {
    private let tracer: any Tracer
    private let began: NIODeadline
    /// Unix nanoseconds of `began`.
    private let epoch: UInt64
    /// Nil until it is known what is asked, and where that belongs.
    private var request: (any Span)?
    private var stage: (any Span)?
    /// Stages that were over before.
    private var early: [(stage: Stage, from: NIODeadline, to: NIODeadline)] = []

    init(_ tracer: any Tracer, began: NIODeadline) {
        self.tracer = tracer
        self.began = began
        epoch = DefaultTracerClock.now.nanosecondsSinceEpoch
    }

    /// Begins the request's span, as of the request's begin. What the message says of its trace goes before what the headers say, to which
    /// there is a link.
    func identify(_ message: Message, of agent: Agent) {
        guard request == nil else { return }
        let method = Method.known(message.method)
        let context = context(message.traceNote ?? agent.trace)
        let span: any Span = tracer.startSpan(method, context: context, ofKind: .server, at: instant(began))
        request = span
        agent.traced.withLock { $0 = Self.note(of: span, by: tracer)?.trace }
        guard span.isRecording else { return }
        if let header = agent.trace, message.traceNote.map({ $0 != header }) ?? false {
            span.addLink(SpanLink(context: self.context(header), attributes: [:]))
        }
        span.updateAttributes { attributes in
            attributes["mcp.method.name"] = method
            attributes["jsonrpc.request.id"] = message.id.map { String(($0.text ?? $0.description).prefix(64)) }
            attributes["mcp.protocol.version"] = agent.session.revision
            if agent.era == .legacy { attributes["mcp.session.id"] = agent.session.id.text }
            attributes["network.protocol.name"] = "http"
            attributes["network.transport"] = "tcp"
            attributes["satgate.request.id"] = agent.request.description
            attributes["satgate.tenant"] = agent.tenant.name.text
            attributes["satgate.token.id"] = agent.grant.token.text
        }
        for each in early {
            begin(each.stage, at: each.from)
            end(each.stage, at: each.to, failed: false)
        }
        early = []
    }

    /// A call has found its way. Its name is one that an upstream lists, so there are not many.
    func routed(_ routed: RoutedCall) {
        guard let request, request.isRecording else { return }
        let call = routed.call
        if call.hasContent { request.operationName = "\(call.method) \(call.name)" }
        request.updateAttributes { attributes in
            Self.describe(call, as: call.name, in: &attributes)
            attributes["satgate.upstream"] = routed.target.upstream.text
        }
    }

    /// A stage begins; of a call that goes upstream with it, the span is a client's.
    func begin(_ stage: Stage, at time: NIODeadline, of routed: RoutedCall? = nil) {
        guard let request, request.isRecording else { return }
        let name = routed.map { $0.call.hasContent ? "\($0.call.method) \($0.target.tool)" : $0.call.method }
        let span = tracer.startSpan(
            name ?? stage.label, context: request.context, ofKind: routed == nil ? .internal : .client, at: instant(time))
        span.updateAttributes { attributes in
            attributes["satgate.stage"] = stage.label
            guard let routed else { return }
            attributes["mcp.method.name"] = routed.call.method
            attributes["satgate.upstream"] = routed.target.upstream.text
            Self.describe(routed.call, as: routed.target.tool, in: &attributes)
        }
        self.stage = span
    }

    /// The stage has ended.
    func end(_ stage: Stage, from start: NIODeadline, at time: NIODeadline, failed: Bool) {
        guard request != nil else { return early.append((stage, start, time)) }
        end(stage, at: time, failed: failed)
    }

    private func end(_ stage: Stage, at time: NIODeadline, failed: Bool) {
        if failed { self.stage?.setStatus(SpanStatus(code: .error)) }
        self.stage?.end(at: instant(time))
        self.stage = nil
    }

    /// What an upstream is told of the trace now: the stage at hand is what its own spans belong to.
    var note: TraceNote? { (stage ?? request).flatMap { Self.note(of: $0, by: tracer) } }

    /// The upstream has answered the call.
    func answered(_ kind: Answer.Kind) {
        switch kind {
        case .result(isError: false): break
        case .result(isError: true): failed("tool_error")
        case .error(let code): failed("\(code)", code: code)
        }
    }

    /// The request is refused.
    func refused(_ fault: Fault, code: Int) { failed("\(code)", code: code, refusal: fault.label) }

    /// The request has failed with that JSON-RPC error, or a tool with a result that says so.
    private func failed(_ type: String, code: Int? = nil, refusal: String? = nil) {
        guard let request, request.isRecording else { return }
        request.setStatus(SpanStatus(code: .error))
        request.updateAttributes { attributes in
            attributes["error.type"] = type
            attributes["rpc.response.status_code"] = code.map { "\($0)" }
            attributes["satgate.refusal"] = refusal
        }
    }

    /// The request is over.
    func end() {
        stage?.end()
        request?.end(at: instant(.now()))
    }

    private func context(_ note: TraceNote?) -> ServiceContext {
        var context = ServiceContext.topLevel
        if let note { tracer.extract(note, into: &context, using: NoteReader()) }
        return context
    }

    private func instant(_ time: NIODeadline) -> DefaultTracerClock.Timestamp {
        .init(nanosecondsSinceEpoch: epoch &+ UInt64(max(0, (time - began).nanoseconds)))
    }

    private static func note(of span: any Span, by tracer: any Tracer) -> TraceNote? {
        var fields: [String: String] = [:]
        tracer.inject(span.context, into: &fields, using: FieldWriter())
        return fields[MetaKey.traceParent].flatMap { TraceNote(parent: $0, state: fields[MetaKey.traceState]) }
    }

    private static func describe(_ call: ForwardedRequest, as name: String, in attributes: inout SpanAttributes) {
        switch call.kind {
        case .toolCall:
            attributes["gen_ai.operation.name"] = "execute_tool"
            attributes["gen_ai.tool.name"] = name
        case .prompt: attributes["gen_ai.prompt.name"] = name
        case .resource: attributes["mcp.resource.uri"] = String(name.prefix(256))
        case .promptCompletion, .resourceCompletion: break
        }
    }
}

private struct NoteReader: Extractor {
    func extract(key: String, from note: TraceNote) -> String? {
        switch key {
        case MetaKey.traceParent: note.parent
        case MetaKey.traceState: note.state
        default: nil
        }
    }
}

private struct FieldWriter: Injector {
    func inject(_ value: String, forKey key: String, into fields: inout [String: String]) { fields[key] = value }
}
