/// The header fields of one message as they came, known to be well-formed; looked up on demand.
package struct HeaderBlock: Sendable {
    /// The head, with its line ends.
    package let bytes: [UInt8]
    /// Where the fields begin and end in it, each with its line end.
    private let lines: Range<Int>
    private let places: FieldPlaces

    /// The fields of `head` that `framing` was made of.
    init(_ head: UnsafeBufferPointer<UInt8>, _ lines: Range<Int>, _ framing: Framing) {
        bytes = Array(head)
        self.lines = lines
        places = framing.places
    }

    /// The name and the value of one field, as ranges of the block's bytes; the value without blanks at its ends.
    package struct Field: Sendable {
        package let name: Range<Int>
        /// What the name is, if it is one of those.
        package let known: KnownField?
        package let value: Range<Int>
    }

    /// Calls `body` with every field, in order.
    package func forEach(_ body: (Field) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            var rest = FieldLines(bytes, lines)
            while let field = try? rest.next() { body(Field(name: field.name, known: field.known, value: field.value)) }
        }
    }

    /// Where the value of the first such field stands; nil where there is none, or only what it says of the message is kept.
    package func place(of field: KnownField) -> Range<Int>? { places[field] }

    /// True where there is more than one such field.
    package func isRepeated(_ field: KnownField) -> Bool { places.isRepeated(field) }

    /// True where the first such field has this value, byte for byte.
    package func value(of field: KnownField, is text: StaticString) -> Bool {
        guard let place = places[field], place.count == text.utf8CodeUnitCount else { return false }
        return bytes.withUnsafeBytes { Octet.isSame($0, place, text) }
    }

    /// The value of the first such field; bytes that are no UTF-8 are replaced.
    package func text(of field: KnownField) -> String? {
        places[field].map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// The value of the first field of that name, in any case; bytes that are no UTF-8 are replaced.
    package func first(name: String) -> String? {
        Self.known(name).map { text(of: $0) } ?? values(name: name).first
    }

    /// The field of that name, if it is one whose place is kept.
    private static func known(_ name: String) -> KnownField? {
        var name = name
        let known = name.withUTF8 { KnownField(UnsafeRawBufferPointer($0)) }
        return known.flatMap { $0.isKept && $0 != .mcpParameter ? $0 : nil }
    }

    /// The name, as it is written, of the first field that is one of these and not the first of its kind.
    package func firstRepeated(among fields: [KnownField]) -> String? {
        guard places.hasRepeated, fields.contains(where: { places.isRepeated($0) }) else { return nil }
        var seen: Set<KnownField> = []
        var found: String?
        forEach { field in
            guard let known = field.known, fields.contains(known), !seen.insert(known).inserted, found == nil else { return }
            found = String(decoding: bytes[field.name], as: UTF8.self)
        }
        return found
    }

    /// The values of all fields of that name, in any case; bytes that are no UTF-8 are replaced.
    package func values(name: String) -> [String] {
        if let known = Self.known(name), !isRepeated(known) { return text(of: known).map { [$0] } ?? [] }
        var found: [String] = []
        forEach { field in
            guard field.name.count == name.utf8.count else { return }
            let same = zip(bytes[field.name], name.utf8).allSatisfy { Octet.lowercased($0) == Octet.lowercased($1) }
            if same { found.append(String(decoding: bytes[field.value], as: UTF8.self)) }
        }
        return found
    }
}
