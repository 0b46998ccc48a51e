import Glibc

/// The `_meta` of a request's `params` as it was read once: where the same bytes stand again in that place, they need not be read again.
final class KnownMeta: Sendable {
    let bytes: [UInt8]
    /// Its members, counted from its beginning.
    let members: [JSONMember]

    /// That of the document; nil where it has none that is an object.
    init?(of document: JSONDocument) {
        guard let place = document.value(.meta, in: .params), document.isObject(place) else { return nil }
        bytes = document.raw(place)
        members = document.members.filter { $0.section == .paramsMeta }.map { $0.moved(by: -place.lowerBound) }
    }

    /// Whether the text goes on with the same bytes. An object ends where it ends, so what follows does not matter.
    func stands(at start: Int, before end: Int, of text: UnsafeRawBufferPointer) -> Bool {
        guard end - start >= bytes.count, let base = text.baseAddress else { return false }
        return bytes.withUnsafeBytes { known in known.baseAddress.map { memcmp(base + start, $0, known.count) == 0 } ?? false }
    }
}
