/// An agent's `tools/call`; shared by the stages of its exchange.
package final class ToolCall: Sendable {
    package let message: Message
    package let id: RequestID
    /// The tool as the agent names it.
    package let name: String
    /// The JSON token under which the agent wants progress.
    package let progressToken: [UInt8]?
    /// The agent's `_meta["io.satgate/idempotencyKey"]`.
    package let idempotencyKey: String?
    private let nameRange: Range<Int>

    /// The longest idempotency key accepted, in bytes.
    package static let maximumIdempotencyKey = 256

    /// Reads the call out of a request.
    package init(_ message: Message) throws(WireError) {
        guard let id = message.id, message.method == Method.toolsCall else { throw .invalidRequest(message.id) }
        let document = message.document
        guard let nameRange = document.value("name", in: .params), let name = document.text(nameRange), !name.isEmpty else {
            throw .invalidParams(id, "params.name must be the name of a tool")
        }
        if let arguments = document.value("arguments", in: .params), !document.isObject(arguments), !document.isNull(arguments) {
            throw .invalidParams(id, "params.arguments must be an object")
        }
        self.message = message
        self.id = id
        self.name = name
        self.nameRange = nameRange
        progressToken = message.progressTokenOfMeta
        idempotencyKey = message.metaText(MetaKey.idempotencyKey)
        try checkMeta()
    }

    /// What satgate reads in `_meta` is of the right kind.
    private func checkMeta() throws(WireError) {
        let document = message.document
        if let token = document.value("progressToken", in: .paramsMeta), progressToken == nil, !document.isNull(token) {
            throw .invalidParams(id, "params._meta.progressToken must be a string or a number")
        }
        if document.value(MetaKey.idempotencyKey, in: .paramsMeta) != nil {
            guard let key = idempotencyKey, !key.isEmpty, key.utf8.count <= Self.maximumIdempotencyKey else {
                throw .invalidParams(id, "the idempotency key must be a string of 1 to \(Self.maximumIdempotencyKey) bytes")
            }
        }
    }

    /// The bytes to send upstream: `id` for the id and for the progress token (if any), `name` for the tool; without `params.task`,
    /// `_meta.token`, `_meta["io.satgate/…"]` and what only requests without a handshake say; all else byte for byte. Where there is no
    /// handshake `sender` is put in the place of all `_meta["io.modelcontextprotocol/…"]`.
    package func forwarded(id: Int, name: String, sender: Sender? = nil) -> [UInt8] {
        let document = message.document
        let number = Array(String(id).utf8)
        var edits = JSONEdits()
        if let range = document.value("id", in: .envelope) { edits.replace(range, with: number) }
        if !name.utf8.elementsEqual(self.name.utf8) { edits.replace(nameRange, with: JSONText.string(name)) }
        if progressToken != nil, let range = document.value("progressToken", in: .paramsMeta) { edits.replace(range, with: number) }
        edits.removeMembers(of: .params, in: document) { document.key(of: $0, is: "task") }
        let keepsAny = edits.removeMembers(of: .paramsMeta, in: document) { member in
            if document.key(of: member, is: MetaKey.token) || document.key(of: member, startsWith: MetaKey.ours) { return true }
            guard document.key(of: member, startsWith: MetaKey.protocols) else { return false }
            return sender != nil || MetaKey.ofStatelessRequest.contains { document.key(of: member, is: $0) }
        }
        if let sender { edits.introduce(sender, in: document, beforeOthers: keepsAny) }
        return edits.applied(to: document.bytes, in: 0..<document.bytes.count)
    }

    /// An upstream's progress for this call with the agent's own token put back, and without `_meta["io.satgate/…"]`; nil when it is
    /// not this call's: another method, the agent asked for none, or a token other than the number the call was `sentAs`.
    package func progress(_ notification: Message, sentAs id: Int? = nil) -> [UInt8]? {
        let document = notification.document
        guard let progressToken, notification.kind == .notification, notification.method == Method.progress,
            let token = notification.progressTokenOfParams, let range = document.value("progressToken", in: .params)
        else { return nil }
        if let id, token != Array(String(id).utf8) { return nil }
        var edits = JSONEdits()
        edits.replace(range, with: progressToken)
        edits.removeMembers(of: .paramsMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        return edits.applied(to: document.bytes, in: 0..<document.bytes.count)
    }
}

extension JSONEdits {
    /// Puts the sender's members into `params._meta`, which is made where there is none.
    fileprivate mutating func introduce(_ sender: Sender, in document: JSONDocument, beforeOthers: Bool) {
        if let meta = document.value("_meta", in: .params) {
            guard document.isObject(meta) else { return replace(meta, with: [UInt8(ascii: "{")] + sender.members + [UInt8(ascii: "}")]) }
            let inside = meta.lowerBound + 1
            replace(inside..<inside, with: beforeOthers ? sender.members + [UInt8(ascii: ",")] : sender.members)
        } else if let params = document.value("params", in: .envelope) {
            // A call has a name, so there is always a member behind it.
            let inside = params.lowerBound + 1
            var text: [UInt8] = []
            sender.append(to: &text)
            replace(inside..<inside, with: text + [UInt8(ascii: ",")])
        }
    }
}
