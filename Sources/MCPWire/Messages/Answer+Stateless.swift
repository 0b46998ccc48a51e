extension Answer {
    /// The HTTP status and the bytes for an agent without a handshake: its own id put back; the result is called complete where it says
    /// nothing of that; in its `_meta` `io.satgate/*` is removed and `io.modelcontextprotocol/serverInfo` is the gateway's; an error whose
    /// number means something else there, or what is between the gateway and its upstream, under another number; all else byte for byte.
    /// `view` where it is the answer to a `resources/read`; `content` where that is shown otherwise; `warning` is told in a result's
    /// `_meta["io.satgate/warning"]`.
    package func addressed(
        to id: RequestID, by responder: Responder, as view: ResourceView? = nil, content: ContentView? = nil, warning: String? = nil
    ) -> (status: Int, body: [UInt8]) {
        let document = message.document
        var edits = JSONEdits()
        edits.address(document, to: id)
        var status = 200
        switch kind {
        case .result:
            edits.sign(document, by: responder, as: view, warning: warning)
            content?.rewrite(document, &edits)
        case .error(let code):
            let told = statelessNumber(of: code)
            if told != code, let range = document.value(.code, in: .error) { edits.replace(range, with: Array(String(told).utf8)) }
            status = Self.status(ofNumber: told)
        }
        return (status, edits.applied(to: document.bytes, in: 0..<document.bytes.count))
    }

    /// The number for an agent without a handshake.
    private func statelessNumber(of code: Int) -> Int {
        switch code {
        case ErrorCode.resourceNotFound: ErrorCode.invalidParams
        // What the agent cannot do only such an upstream means by it.
        case ErrorCode.missingCapability: era == .modern ? code : ErrorCode.internalError
        case ErrorCode.headerMismatch, ErrorCode.unsupportedVersion, ErrorCode.needsURL: ErrorCode.internalError
        default: code
        }
    }

    /// The HTTP status of an error without a handshake.
    private static func status(ofNumber code: Int) -> Int {
        switch code {
        case ErrorCode.parse, ErrorCode.invalidRequest, ErrorCode.invalidParams, ErrorCode.missingCapability: 400
        case ErrorCode.methodNotFound: 404
        default: 200
        }
    }
}

extension JSONEdits {
    /// Has the result say that it is whole, where it says nothing of that, and whose it is.
    fileprivate mutating func sign(_ document: JSONDocument, by responder: Responder, as view: ResourceView?, warning: String?) {
        var added = view?.limitCaching(of: document, &self) ?? []
        view?.rename(in: document, &self)
        if document.value(.resultType, in: .result) == nil {
            added = added.isEmpty ? Responder.completeness : added + [UInt8(ascii: ",")] + Responder.completeness
        }
        sign(document, by: responder, adding: added, warning: warning)
    }

    /// Has the result say whose it is, and these members.
    mutating func sign(_ document: JSONDocument, by responder: Responder, adding members: [UInt8], warning: String? = nil) {
        let keepsAny = removeMembers(of: .resultMeta, in: document) {
            $0.known == .serverInfo || document.key(of: $0, startsWith: MetaKey.ours)
        }
        var told = responder.identity
        if let warning { told += [UInt8(ascii: ",")] + JSONText.member(MetaKey.warning, warning) }
        insert(
            told, intoMetaOf: document, beforeOthers: keepsAny, adding: members,
            keepsMembers: document.members.contains { $0.section == .result })
    }

    /// Puts members in front of those of the result's `_meta`, and others in front of the result's own; `beforeOthers` and `keepsMembers`:
    /// some of those stay.
    mutating func insert(
        _ members: [UInt8], intoMetaOf document: JSONDocument, beforeOthers: Bool, adding others: [UInt8] = [], keepsMembers: Bool
    ) {
        guard let result = document.value(.result, in: .envelope) else { return }
        guard let meta = document.value(.meta, in: .result) else {
            return insert(into: result, beforeOthers: keepsMembers) { out in
                out += others
                JSONText.append(raw: others.isEmpty ? #""_meta":{"# : #","_meta":{"#, to: &out)
                out += members
                out.append(UInt8(ascii: "}"))
            }
        }
        if document.isObject(meta) {
            if !members.isEmpty { insert(into: meta, beforeOthers: beforeOthers) { $0 += members } }
        } else {
            replace(meta) { out in
                out.append(UInt8(ascii: "{"))
                out += members
                out.append(UInt8(ascii: "}"))
            }
        }
        if !others.isEmpty { insert(into: result, beforeOthers: keepsMembers) { $0 += others } }
    }

    /// Puts the members that `write` appends in front of those of the object at `range`.
    private mutating func insert(into range: Range<Int>, beforeOthers: Bool, _ write: (inout [UInt8]) -> Void) {
        let inside = range.lowerBound + 1
        replace(inside..<inside) { out in
            write(&out)
            if beforeOthers { out.append(UInt8(ascii: ",")) }
        }
    }
}
