/// How the answer to a `resources/read` is shown to an agent that may know its resources by other URIs than the upstream does.
package struct ResourceView: Sendable {
    private let shown: @Sendable (_ uri: String) -> String

    /// `shown`: the URI by which the agent knows one of the upstream's.
    package init(_ shown: @escaping @Sendable (_ uri: String) -> String) { self.shown = shown }

    /// Puts the agent's URIs in the place of the upstream's in `result.contents`.
    func rename(in document: JSONDocument, _ edits: inout JSONEdits) {
        guard let range = document.value("contents", in: .result), let contents = JSONScanner.elements(of: document.bytes, in: range)
        else { return }
        for content in contents {
            guard let place = document.object(content)?.value(.uri, in: .other), let uri = document.text(place) else { continue }
            let known = shown(uri)
            if known != uri { edits.replace(place, with: JSONText.string(known)) }
        }
    }

    /// A resource may be kept by this agent alone: what it may see hangs on its token. Answers the members to add.
    func limitCaching(of document: JSONDocument, _ edits: inout JSONEdits) -> [UInt8] {
        var added: [UInt8] = []
        if document.value("ttlMs", in: .result) == nil { JSONText.append(raw: #""ttlMs":0"#, to: &added) }
        if let scope = document.value("cacheScope", in: .result) {
            edits.replace(scope, with: Array(#""private""#.utf8))
        } else {
            if !added.isEmpty { added.append(UInt8(ascii: ",")) }
            JSONText.append(raw: #""cacheScope":"private""#, to: &added)
        }
        return added
    }
}
