extension Message {
    /// A string member of params, unescaped.
    package func paramText(_ key: String) -> String? { document.text(key, in: .params) }

    /// The JSON token of a member of params, whatever it is.
    package func paramToken(_ key: String) -> [UInt8]? { document.value(key, in: .params).map { document.raw($0) } }

    /// A string member of `params._meta`, unescaped.
    package func metaText(_ key: String) -> String? { document.text(key, in: .paramsMeta) }

    /// The JSON token of `params._meta.progressToken`: a string or a number.
    package var progressTokenOfMeta: [UInt8]? { token(document.value(.progressToken, in: .paramsMeta)) }

    /// The JSON token of `params.progressToken`, as progress notifications carry it.
    package var progressTokenOfParams: [UInt8]? { token(document.value(.progressToken, in: .params)) }

    /// The revision that a stateless request names in its `_meta`.
    package var protocolVersionOfMeta: String? { document.text(.protocolVersion, in: .paramsMeta) }

    /// The request of ours that opened the stream on which the notification comes, where it is tagged so.
    package var subscription: Int? {
        token(document.value(MetaKey.subscriptionID, in: .paramsMeta)).flatMap { RequestID(raw: $0)?.number }
    }

    /// Whether an acknowledged subscription will tell of changes of any list.
    package var acknowledgesChanges: Bool {
        guard method == Method.acknowledged, let range = document.value("notifications", in: .params),
            let told = document.object(range)
        else { return false }
        return Announcement.all.contains { told.isTrue($0.filter, in: .other) }
    }

    /// The list that the upstream says has changed.
    package var changedList: ServerCapabilities? {
        guard kind == .notification else { return nil }
        return Announcement.all.first { $0.method == method }?.list
    }

    /// Whether it is a notification that a server sends to one client, of nothing that the gateway looks after itself.
    package var isForClient: Bool {
        guard kind == .notification else { return false }
        return [Method.logMessage, Method.resourceUpdated, Method.elicited].contains(method)
    }

    /// The request that `notifications/cancelled` is about.
    package var cancelledRequest: RequestID? {
        guard method == Method.cancelled, let range = document.value("requestId", in: .params) else { return nil }
        return RequestID(range, of: document)
    }

    /// The bytes of an upstream's notification for the agent: without `params._meta["io.satgate/…"]` and the id of the stream on which it
    /// came, all else byte for byte.
    package func relayed() -> [UInt8] { relayed(with: JSONEdits()) }

    /// The same with another URI for the resource that it is about.
    package func relayed(about uri: String) -> [UInt8] {
        var edits = JSONEdits()
        if let range = document.value(.uri, in: .params), document.text(range) != uri { edits.replace(range, with: JSONText.string(uri)) }
        return relayed(with: edits)
    }

    private func relayed(with changes: JSONEdits) -> [UInt8] {
        var edits = changes
        edits.removeMembers(of: .paramsMeta, in: document) {
            document.key(of: $0, startsWith: MetaKey.ours) || document.key(of: $0, is: MetaKey.subscriptionID)
        }
        return edits.applied(to: bytes, in: 0..<bytes.count)
    }

    /// The string or number at that place, of at most 1 KiB.
    private func token(_ range: Range<Int>?) -> [UInt8]? {
        guard let range, range.count <= RequestID.maximumLength else { return nil }
        switch document.bytes[range.lowerBound] {
        case UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return document.raw(range)
        default: return nil
        }
    }
}
