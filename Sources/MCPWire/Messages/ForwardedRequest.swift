/// An agent's request that an upstream answers: a tool's call, a prompt, a resource or a completion. Shared by the stages of its exchange.
package final class ForwardedRequest: Sendable {
    /// What is asked.
    package enum Kind: Sendable, Hashable {
        case toolCall, prompt, resource
        /// Values for an argument of a prompt.
        case promptCompletion
        /// Values for a part of a resource's template.
        case resourceCompletion
    }

    package let message: Message
    package let id: RequestID
    package let kind: Kind
    /// What it is about, as the agent names it: a tool, a prompt, or a resource's URI or template.
    package let name: String
    /// The JSON token under which the agent wants progress.
    package let progressToken: [UInt8]?
    /// The agent's `_meta["io.satgate/idempotencyKey"]`.
    package let idempotencyKey: IdempotencyKey?
    /// What the upstream has asked for; nil the first time the request is sent.
    package let continuation: Continuation?
    /// What the upstream is to know the call and its repeats by; nil where it is to know nothing of the kind.
    package let upstreamKey: String?
    private let nameRange: Range<Int>

    /// The methods of such requests.
    package static let methods: Set<String> = [Method.toolsCall, Method.promptsGet, Method.resourcesRead, Method.complete]

    /// Whether requests of that method are such; most are calls of tools.
    package static func hasMethod(_ method: String) -> Bool { method == Method.toolsCall || methods.contains(method) }

    /// Reads the request out of a message of one of `methods`.
    package init(_ message: Message) throws(WireError) {
        guard let id = message.id, message.kind == .request else { throw .invalidRequest(message.id) }
        let subject = try Subject(of: message, id: id)
        let document = message.document
        let key = subject.isCompletion ? KnownKey.argument : .arguments
        if let arguments = document.value(key, in: .params), !document.isObject(arguments), !document.isNull(arguments) {
            throw .invalidParams(id, "params.\(key) must be an object")
        }
        self.message = message
        self.id = id
        kind = subject.kind
        name = subject.name
        nameRange = subject.range
        progressToken = message.progressTokenOfMeta
        idempotencyKey = document.text(.idempotencyKey, in: .paramsMeta).flatMap { IdempotencyKey($0) }
        continuation = nil
        upstreamKey = nil
        try checkMeta()
    }

    private init(_ first: ForwardedRequest, continuation: Continuation?, upstreamKey: String?) {
        message = first.message
        id = first.id
        kind = first.kind
        name = first.name
        nameRange = first.nameRange
        progressToken = first.progressToken
        idempotencyKey = first.idempotencyKey
        self.continuation = continuation
        self.upstreamKey = upstreamKey
    }

    /// The same request, to be sent again with what its upstream has asked for.
    package func continued(with continuation: Continuation) -> ForwardedRequest {
        ForwardedRequest(self, continuation: continuation, upstreamKey: upstreamKey)
    }

    /// The same request, which the upstream is to know by this key.
    package func keyed(_ key: String) -> ForwardedRequest {
        ForwardedRequest(self, continuation: continuation, upstreamKey: key)
    }

    /// Its answer holds content for the agent's model.
    package var hasContent: Bool { kind == .toolCall || kind == .prompt }

    /// The method, which is one of `methods`.
    package var method: String {
        switch kind {
        case .toolCall: Method.toolsCall
        case .prompt: Method.promptsGet
        case .resource: Method.resourcesRead
        case .promptCompletion, .resourceCompletion: Method.complete
        }
    }

    /// The headers that repeat parts of the request where there is no handshake, but for its method. `name` is that of the upstream,
    /// `parameters` are the arguments that it wants repeated.
    package func mirroredHeaders(name: String, _ parameters: [MirroredParameter]) -> [(name: String, value: String)] {
        switch kind {
        case .toolCall, .prompt, .resource: [("Mcp-Name", HeaderValue.encoded(name))] + headers(for: parameters)
        case .promptCompletion, .resourceCompletion: []
        }
    }

    /// What satgate reads in `_meta` is of the right kind.
    private func checkMeta() throws(WireError) {
        let document = message.document
        if let token = document.value(.progressToken, in: .paramsMeta), progressToken == nil, !document.isNull(token) {
            throw .invalidParams(id, "params._meta.progressToken must be a string or a number")
        }
        if idempotencyKey == nil, document.value(.idempotencyKey, in: .paramsMeta) != nil {
            throw .invalidParams(id, IdempotencyKey.rule)
        }
    }

    /// The bytes to send upstream: `id` for the id and for the progress token (if any), `name` for what it is about; without
    /// `params.task`, `_meta.token`, `_meta["io.satgate/…"]` and what only requests without a handshake say; all else byte for byte. Where
    /// there is no handshake `sender` is put in the place of all `_meta["io.modelcontextprotocol/…"]`. What it is continued with stands in the
    /// place of what the agent says of the kind, `upstreamKey` in the place of the agent's own key, `trace` in the place of its trace context.
    package func forwarded(id: Int, name: String, sender: Sender? = nil, trace: TraceNote? = nil) -> [UInt8] {
        let document = message.document
        var edits = JSONEdits()
        if let range = document.value(.id, in: .envelope) { edits.replace(range, with: id) }
        if !name.isWritten(as: self.name) { edits.replace(nameRange) { JSONText.append(string: name, to: &$0) } }
        if progressToken != nil, let range = document.value(.progressToken, in: .paramsMeta) { edits.replace(range, with: id) }
        edits.removeMembers(of: .params, in: document) { $0.known == .task || $0.known == .inputResponses || $0.known == .requestState }
        if let continuation, let params = document.value(.params, in: .envelope) {
            // A forwarded request is about something, so there is always a member behind it.
            let inside = params.lowerBound + 1
            edits.replace(inside..<inside, with: continuation.members)
        }
        let keepsAny = edits.removeMembers(of: .paramsMeta, in: document) { member in
            switch member.known {
            case .token, .idempotencyKey, .cost, .protocolVersion, .clientCapabilities, .clientInfo, .logLevel: true
            case .traceParent, .traceState: trace != nil
            case .serverInfo: sender != nil
            default:
                document.key(of: member, startsWith: MetaKey.ours)
                    || sender != nil && document.key(of: member, startsWith: MetaKey.protocols)
            }
        }
        let told = members(of: sender, trace)
        if !told.isEmpty { edits.introduce(told, in: document, beforeOthers: keepsAny) }
        return edits.applied(to: document.bytes, in: 0..<document.bytes.count)
    }

    /// What `_meta` is to say beside what the agent says there.
    private func members(of sender: Sender?, _ trace: TraceNote?) -> [UInt8] {
        var members = sender?.members ?? []
        func separate() { if !members.isEmpty { members.append(UInt8(ascii: ",")) } }
        if let upstreamKey {
            separate()
            JSONText.append(raw: #""io.satgate/idempotencyKey":"#, to: &members)
            JSONText.append(string: upstreamKey, to: &members)
        }
        if let trace {
            separate()
            trace.append(to: &members)
        }
        return members
    }

    /// An upstream's progress for this request with the agent's own token put back, and without `_meta["io.satgate/…"]`; nil when it is
    /// not this request's: another method, the agent asked for none, or a token other than the number it was `sentAs`.
    package func progress(_ notification: Message, sentAs id: Int? = nil) -> [UInt8]? {
        let document = notification.document
        guard let progressToken, notification.kind == .notification, notification.method == Method.progress,
            let token = notification.progressTokenOfParams, let range = document.value(.progressToken, in: .params)
        else { return nil }
        if let id, token != Array(String(id).utf8) { return nil }
        var edits = JSONEdits()
        edits.replace(range, with: progressToken)
        edits.removeMembers(of: .paramsMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        return edits.applied(to: document.bytes, in: 0..<document.bytes.count)
    }
}

/// What a request is about, and where in its message that stands.
private struct Subject {
    let kind: ForwardedRequest.Kind
    let name: String
    let range: Range<Int>

    var isCompletion: Bool { kind == .promptCompletion || kind == .resourceCompletion }

    init(of message: Message, id: RequestID) throws(WireError) {
        switch message.method {
        case Method.toolsCall: try self.init(.toolCall, .name, "the name of a tool", in: message, id)
        case Method.promptsGet: try self.init(.prompt, .name, "the name of a prompt", in: message, id)
        case Method.resourcesRead: try self.init(.resource, .uri, "the URI of a resource", in: message, id)
        case Method.complete: try self.init(referenceOf: message, id)
        default: throw .invalidRequest(id)
        }
    }

    private init(
        _ kind: ForwardedRequest.Kind, _ key: KnownKey, _ meaning: String, in message: Message, _ id: RequestID
    ) throws(WireError) {
        let document = message.document
        guard let range = document.value(key, in: .params), let name = document.text(range), !name.isEmpty else {
            throw .invalidParams(id, "params.\(key) must be \(meaning)")
        }
        self.kind = kind
        self.name = name
        self.range = range
    }

    private init(referenceOf message: Message, _ id: RequestID) throws(WireError) {
        let document = message.document
        guard let place = document.value(.ref, in: .params), document.isObject(place),
            let reference = try? JSONDocument(document.bytes, in: place, as: .reference), !reference.isAmbiguous
        else { throw .invalidParams(id, "params.ref must refer to a prompt or a resource") }
        let (kind, key): (ForwardedRequest.Kind, KnownKey)
        switch reference.text("type", in: .reference) {
        case "ref/prompt": (kind, key) = (.promptCompletion, .name)
        case "ref/resource": (kind, key) = (.resourceCompletion, .uri)
        default: throw .invalidParams(id, "params.ref.type must be ref/prompt or ref/resource")
        }
        guard let range = reference.value(key, in: .reference), let name = reference.text(range), !name.isEmpty else {
            throw .invalidParams(id, "params.ref.\(key) must be a text")
        }
        self.kind = kind
        self.name = name
        self.range = range
    }
}
