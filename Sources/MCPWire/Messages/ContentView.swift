/// How the content of a tool's result or of a prompt is shown to an agent that knows fewer kinds of content than the upstream, or its
/// resources by other URIs.
package struct ContentView: Sendable {
    private let known: Dialect.Content
    private let shown: [String: String]

    /// `dialect`: of the agent, nil where there is no handshake; `shown`: the URIs by which the agent knows some of the upstream's. Nil where
    /// all is shown as it is.
    package init?(for dialect: Dialect?, shown: [String: String] = [:]) {
        known = dialect?.content ?? .all
        self.shown = shown
        guard known != .all || !shown.isEmpty else { return nil }
    }

    /// Puts what the agent knows in the place of what it does not.
    func rewrite(_ document: JSONDocument, _ edits: inout JSONEdits) {
        for item in document.contentItems {
            let kind = item.text("type", in: .other)
            if kind == "audio", !known.contains(.audio) {
                edits.replace(item.root, with: Self.text(Self.note(ofAudio: item), in: item))
            } else if kind == "resource_link", !known.contains(.resourceLinks) {
                edits.replace(item.root, with: Self.text(note(ofLink: item), in: item))
            } else if !shown.isEmpty, let place = item.uriPlace(ofKind: kind), let uri = item.text(place), let known = shown[uri] {
                edits.replace(place, with: JSONText.string(known))
            }
        }
    }

    private static func note(ofAudio item: JSONDocument) -> String {
        "[audio\(item.text("mimeType", in: .other).map { " of type \($0)" } ?? ""), which this client's protocol revision does not have]"
    }

    private func note(ofLink item: JSONDocument) -> String {
        let uri = item.text(.uri, in: .other) ?? ""
        let name = item.text(.name, in: .other).map { "\($0): " } ?? ""
        return "\(name)\(shown[uri] ?? uri)\(item.text("description", in: .other).map { "\n\($0)" } ?? "")"
    }

    /// A text instead of the item, for the same audience.
    private static func text(_ text: String, in item: JSONDocument) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"type":"text","text":"#, to: &out)
        JSONText.append(string: text, to: &out)
        if let annotations = item.value("annotations", in: .other), item.isObject(annotations) {
            JSONText.append(raw: #","annotations":"#, to: &out)
            out += item.raw(annotations)
        }
        JSONText.append(raw: "}", to: &out)
        return out
    }
}

extension Answer {
    /// The URIs of resources that the content of a tool's result or of a prompt links to or holds, at most `limit`, each once.
    package func uris(limit: Int) -> [String] {
        guard case .result = kind else { return [] }
        var found: [String] = []
        for item in message.document.contentItems {
            guard found.count < limit else { break }
            guard let place = item.uriPlace(ofKind: item.text("type", in: .other)), let uri = item.text(place) else { continue }
            if !found.contains(uri) { found.append(uri) }
        }
        return found
    }
}

extension JSONDocument {
    /// The items of `result.content`, and of each of `result.messages`; what says a key twice is none.
    fileprivate var contentItems: [JSONDocument] {
        var items: [JSONDocument] = []
        if let content = value("content", in: .result) { items += self.items(at: content) }
        guard let messages = value("messages", in: .result) else { return items }
        for message in self.items(at: messages) {
            if let content = message.value("content", in: .other) { items += self.items(at: content) }
        }
        return items
    }

    /// The object at `range`, or the objects in the array there.
    private func items(at range: Range<Int>) -> [JSONDocument] {
        if let single = object(range) { return [single] }
        return (JSONScanner.elements(of: bytes, in: range) ?? []).compactMap { object($0) }
    }

    /// Where the URI of this item stands, if it is a link to a resource or holds one.
    fileprivate func uriPlace(ofKind kind: String?) -> Range<Int>? {
        switch kind {
        case "resource_link": value("uri", in: .other)
        case "resource": value("resource", in: .other).flatMap { object($0)?.value(.uri, in: .other) }
        default: nil
        }
    }
}
