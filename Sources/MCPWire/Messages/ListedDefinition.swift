/// One prompt, resource or template as its server defines it.
package struct ListedDefinition: Sendable {
    /// The prompt's name, the resource's URI, or the template of URIs.
    package let name: String
    /// The definition's JSON object as its server wrote it.
    package let bytes: [UInt8]
    /// What is shown before and behind the name.
    private let before: [UInt8]
    private let behind: [UInt8]

    /// Reads one definition: an object that names what it defines, with no key said twice in it or its `_meta`.
    package init(_ bytes: [UInt8], in listing: Listing) throws(WireError) {
        guard let document = try? JSONDocument(bytes, as: .definition) else { throw .malformed }
        guard document.isObject(document.root), !document.isAmbiguous, let range = document.value(listing.key, in: .definition),
            let name = document.text(range), !name.isEmpty
        else { throw .invalidRequest(nil) }
        var edits = JSONEdits()
        edits.removeMembers(of: .definitionMeta, in: document) { document.key(of: $0, startsWith: MetaKey.ours) }
        let root = document.root
        self.name = name
        self.bytes = document.raw(root)
        before = edits.applied(to: document.bytes, in: root.lowerBound..<range.lowerBound)
        behind = edits.applied(to: document.bytes, in: range.upperBound..<root.upperBound)
    }

    /// The definition under another name, without any `_meta["io.satgate/…"]`; all else byte for byte.
    package func shown(as name: String) -> [UInt8] { before + JSONText.string(name) + behind }
}

extension ListedDefinition: Hashable {
    package static func == (left: ListedDefinition, right: ListedDefinition) -> Bool { left.bytes == right.bytes }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
