/// An upstream's final response.
package struct Answer: Sendable {
    /// Whether the upstream answered with a result or a JSON-RPC error.
    package enum Kind: Sendable, Hashable { case result(isError: Bool), error(code: Int) }

    package let message: Message
    package let kind: Kind
    /// Of the upstream that gave it.
    package let era: Dialect.Kind

    /// The id it answers; an error may come without.
    package var id: RequestID? { message.id }

    /// Reads a response whose result is an object, or whose error has an integer code and a text.
    package init(_ message: Message, era: Dialect.Kind = .legacy) throws(WireError) {
        guard message.kind == .response else { throw .invalidRequest(message.id) }
        self.message = message
        self.era = era
        let document = message.document
        if let result = document.value(.result, in: .envelope) {
            guard document.isObject(result) else { throw .invalidRequest(message.id) }
            let isError = document.value(.isError, in: .result).map { document.bytes[$0.lowerBound] == UInt8(ascii: "t") }
            kind = .result(isError: isError ?? false)
        } else {
            guard let range = document.value(.code, in: .error), let code = Int(String(decoding: document.bytes[range], as: UTF8.self)),
                document.text(.message, in: .error) != nil
            else { throw .invalidRequest(message.id) }
            kind = .error(code: code)
        }
    }

    /// What a result without a handshake says of itself: `complete` where it says nothing. Nil for what is no text.
    package var resultType: String? {
        guard let range = message.document.value(.resultType, in: .result) else { return "complete" }
        return message.document.text(range)
    }

    /// The upstream wants answers of the agent's before it goes on (no handshake).
    package var asksForInput: Bool { era == .modern && resultType == "input_required" }

    /// The text of the error; nil for a result.
    package var errorMessage: String? { message.document.text(.message, in: .error) }

    /// The decimal that the upstream names as the call's real cost in its result's `_meta["io.satgate/cost"]`, as written.
    package var reportedCost: String? {
        let document = message.document
        guard let range = document.value(.cost, in: .resultMeta), range.count <= 32 else { return nil }
        return document.text(range) ?? String(decoding: document.bytes[range], as: UTF8.self)
    }

    /// The bytes for an agent with a handshake: its own id put back; in `result._meta` `io.satgate/*` and the upstream's
    /// `io.modelcontextprotocol/serverInfo` removed, and what only results without a handshake say; the error of missing capabilities,
    /// which such agents do not know, as an internal one; all else byte for byte. `view` where it is the answer to a `resources/read`; `content`
    /// where that is shown otherwise; `warning` is told in a result's `_meta["io.satgate/warning"]`.
    package func addressed(
        to id: RequestID, as view: ResourceView? = nil, content: ContentView? = nil, warning: String? = nil
    ) -> [UInt8] {
        let document = message.document
        var edits = JSONEdits()
        edits.address(document, to: id)
        let keepsMeta = edits.removeMembers(of: .resultMeta, in: document) {
            $0.known == .serverInfo || document.key(of: $0, startsWith: MetaKey.ours)
        }
        var keepsMembers = warning == nil || document.members.contains { $0.section == .result }
        view?.rename(in: document, &edits)
        content?.rewrite(document, &edits)
        if era == .modern {
            // Without a handshake a resource that does not exist is an invalid parameter.
            if view != nil, kind == .error(code: ErrorCode.invalidParams), let range = document.value(.code, in: .error) {
                edits.replace(range, with: Array("\(ErrorCode.resourceNotFound)".utf8))
            }
            if kind == .error(code: ErrorCode.missingCapability), let range = document.value(.code, in: .error) {
                edits.replace(range, with: Array("\(ErrorCode.internalError)".utf8))
            }
            keepsMembers = edits.removeMembers(of: .result, in: document) { member in
                ["resultType", "ttlMs", "cacheScope"].contains { document.key(of: member, is: $0) }
            }
        }
        if let warning {
            edits.insert(
                JSONText.member(MetaKey.warning, warning), intoMetaOf: document, beforeOthers: keepsMeta, keepsMembers: keepsMembers)
        }
        return edits.applied(to: document.bytes, in: 0..<document.bytes.count)
    }
}

extension JSONEdits {
    /// Puts `id` in the place of the response's own, or where it has none.
    mutating func address(_ document: JSONDocument, to id: RequestID) {
        if let range = document.value(.id, in: .envelope) { return replace(range) { id.append(to: &$0) } }
        let inside = document.root.lowerBound + 1
        replace(inside..<inside, with: Array("\"id\":".utf8) + id.raw + [UInt8(ascii: ",")])
    }
}
