extension Answer {
    /// The HTTP status and the bytes for an agent without a handshake: its own id put back; the result is called complete where it says
    /// nothing of that; in its `_meta` `io.satgate/*` is removed and `io.modelcontextprotocol/serverInfo` is the gateway's; an error whose
    /// number means something else there, or what is between the gateway and its upstream, under another number; all else byte for byte.
    /// `view` where it is the answer to a `resources/read`; `content` where that is shown otherwise.
    package func addressed(
        to id: RequestID, by responder: Responder, as view: ResourceView? = nil, content: ContentView? = nil
    ) -> (status: Int, body: [UInt8]) {
        let document = message.document
        var edits = JSONEdits()
        edits.address(document, to: id)
        var status = 200
        switch kind {
        case .result:
            edits.sign(document, by: responder, as: view)
            content?.rewrite(document, &edits)
        case .error(let code):
            let told = statelessNumber(of: code)
            if told != code, let range = document.value("code", in: .error) { edits.replace(range, with: Array(String(told).utf8)) }
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
    fileprivate mutating func sign(_ document: JSONDocument, by responder: Responder, as view: ResourceView?) {
        var added = view?.limitCaching(of: document, &self) ?? []
        view?.rename(in: document, &self)
        if document.value("resultType", in: .result) == nil {
            if !added.isEmpty { added.append(UInt8(ascii: ",")) }
            JSONText.append(raw: Responder.completeness, to: &added)
        }
        sign(document, by: responder, adding: added)
    }

    /// Has the result say whose it is, and these members.
    mutating func sign(_ document: JSONDocument, by responder: Responder, adding members: [UInt8]) {
        guard let result = document.value("result", in: .envelope) else { return }
        var added = members
        let keepsAny = removeMembers(of: .resultMeta, in: document) {
            document.key(of: $0, is: MetaKey.serverInfo) || document.key(of: $0, startsWith: MetaKey.ours)
        }
        let wrapped = [UInt8(ascii: "{")] + responder.identity + [UInt8(ascii: "}")]
        if let meta = document.value("_meta", in: .result) {
            if document.isObject(meta) {
                insert(responder.identity, into: meta, beforeOthers: keepsAny)
            } else {
                replace(meta, with: wrapped)
            }
        } else {
            if !added.isEmpty { added.append(UInt8(ascii: ",")) }
            added += Array(#""_meta":"#.utf8) + wrapped
        }
        insert(added, into: result, beforeOthers: document.members.contains { $0.section == .result })
    }

    /// Puts members in front of those of the object at `range`.
    private mutating func insert(_ members: [UInt8], into range: Range<Int>, beforeOthers: Bool) {
        guard !members.isEmpty else { return }
        let inside = range.lowerBound + 1
        replace(inside..<inside, with: beforeOthers ? members + [UInt8(ascii: ",")] : members)
    }
}
