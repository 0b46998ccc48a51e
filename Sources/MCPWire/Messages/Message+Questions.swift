extension Message {
    /// The bytes of an upstream's request for an agent with a handshake: `id` for its id and for its progress token (if any), in
    /// `params._meta` the upstream's name and nothing else under `io.satgate/`; a link to follow has an id, which without a handshake it
    /// need not have; all else byte for byte.
    package func asked(under id: RequestID, by upstream: String) -> [UInt8] {
        var edits = JSONEdits()
        if let range = document.value(.id, in: .envelope) { edits.replace(range, with: id.raw) }
        if progressTokenOfMeta != nil, let range = document.value(.progressToken, in: .paramsMeta) { edits.replace(range, with: id.raw) }
        let keepsAny = edits.removeMembers(of: .paramsMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        let name = JSONText.string(MetaKey.upstream) + [UInt8(ascii: ":")] + JSONText.string(upstream)
        edits.introduce(name, in: document, beforeOthers: keepsAny)
        if neededAbility == .elicitationByURL, document.value("elicitationId", in: .params) == nil,
            let params = document.value(.params, in: .envelope)
        {
            // It has a mode, so there is a member behind this one.
            let inside = params.lowerBound + 1
            edits.replace(inside..<inside, with: Array(#""elicitationId":"#.utf8) + id.raw + [UInt8(ascii: ",")])
        }
        return edits.applied(to: bytes, in: 0..<bytes.count)
    }

    /// The bytes of an agent's response for the upstream that asked under `id`: without `_meta["io.satgate/…"]`, all else byte for byte.
    package func response(to id: RequestID) -> [UInt8] {
        var edits = JSONEdits()
        edits.address(document, to: id)
        edits.removeMembers(of: .resultMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        return edits.applied(to: bytes, in: 0..<bytes.count)
    }

    /// The bytes of an agent's progress for the upstream that asked for it under `token`; nil where it is no progress.
    package func progress(under token: [UInt8]) -> [UInt8]? {
        guard kind == .notification, method == Method.progress, progressTokenOfParams != nil,
            let range = document.value(.progressToken, in: .params)
        else { return nil }
        var edits = JSONEdits()
        edits.replace(range, with: token)
        edits.removeMembers(of: .paramsMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        return edits.applied(to: bytes, in: 0..<bytes.count)
    }

    /// The bytes of an upstream's `notifications/cancelled` for the agent that knows the request under `id`: without
    /// `_meta["io.satgate/…"]`, all else byte for byte.
    package func cancelling(_ id: RequestID) -> [UInt8] {
        var edits = JSONEdits()
        if let range = document.value("requestId", in: .params) { edits.replace(range, with: id.raw) }
        edits.removeMembers(of: .paramsMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        return edits.applied(to: bytes, in: 0..<bytes.count)
    }

    /// A response that is an error.
    package var isError: Bool { kind == .response && document.value(.error, in: .envelope) != nil }

    /// The request that an agent speaks of: answers, or tells its progress with.
    package var questionAddressed: RequestID? {
        switch kind {
        case .response: id
        case .notification where method == Method.progress: progressTokenOfParams.flatMap { RequestID(raw: $0) }
        case .notification, .request: nil
        }
    }
}

extension JSONEdits {
    /// Puts a member into `params._meta`; it and `params` are made where there are none.
    mutating func introduce(_ member: [UInt8], in document: JSONDocument, beforeOthers: Bool) {
        let params = document.value(.params, in: .envelope)
        if let range = document.value(.meta, in: .params) {
            guard document.isObject(range) else { return replace(range) { $0.append(member, between: "{", and: "}") } }
            let inside = range.lowerBound + 1
            replace(inside..<inside) { $0.append(member, between: "", and: beforeOthers ? "," : "") }
        } else if let params, document.isObject(params) {
            let inside = params.lowerBound + 1
            let hasOthers = document.members.contains { $0.section == .params }
            replace(inside..<inside) { $0.append(member, between: #""_meta":{"#, and: hasOthers ? "}," : "}") }
        } else if let params {
            replace(params) { $0.append(member, between: #"{"_meta":{"#, and: "}}") }
        } else {
            let inside = document.root.lowerBound + 1
            replace(inside..<inside) { $0.append(member, between: #""params":{"_meta":{"#, and: "}},") }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ bytes: [UInt8], between opening: StaticString, and closing: StaticString) {
        JSONText.append(raw: opening, to: &self)
        append(contentsOf: bytes)
        JSONText.append(raw: closing, to: &self)
    }
}
