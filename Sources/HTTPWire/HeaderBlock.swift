/// The header fields of one message as they came, known to be well-formed; looked up on demand.
package struct HeaderBlock: Sendable {
    /// The field lines, each with its line end.
    package let bytes: [UInt8]

    init(validated bytes: [UInt8]) { self.bytes = bytes }

    /// The name and the value of one field, as ranges of the block's bytes; the value without blanks at its ends.
    package struct Field: Sendable {
        package let name: Range<Int>
        package let value: Range<Int>
    }

    /// Calls `body` with every field, in order.
    package func forEach(_ body: (Field) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            var place = 0
            while let field = Self.field(at: place, of: bytes) {
                body(field.found)
                place = field.next
            }
        }
    }

    /// True where the field's name is this lower-case word, in any case.
    package func name(of field: Field, is word: StaticString) -> Bool {
        bytes.withUnsafeBufferPointer { Octet.spells(UnsafeBufferPointer(rebasing: $0[field.name]), word) }
    }

    /// True where the value at that place is this text, byte for byte.
    package func value(_ place: Range<Int>?, is text: StaticString) -> Bool {
        guard let place, place.count == text.utf8CodeUnitCount else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            text.withUTF8Buffer { wanted in wanted.elementsEqual(UnsafeBufferPointer(rebasing: bytes[place])) }
        }
    }

    /// The value of the first field of that name, in any case; bytes that are no UTF-8 are replaced.
    package func first(name: String) -> String? { values(name: name).first }

    /// The values of all fields of that name, in any case; bytes that are no UTF-8 are replaced.
    package func values(name: String) -> [String] {
        var found: [String] = []
        forEach { field in
            guard field.name.count == name.utf8.count else { return }
            let same = zip(bytes[field.name], name.utf8).allSatisfy { Octet.lowercased($0) == Octet.lowercased($1) }
            if same { found.append(String(decoding: bytes[field.value], as: UTF8.self)) }
        }
        return found
    }

    private static func field(at start: Int, of bytes: UnsafeBufferPointer<UInt8>) -> (found: Field, next: Int)? {
        guard let nameEnd = bytes.index(of: Octet.colon, from: start), let feed = bytes.index(of: Octet.lineFeed, from: nameEnd) else {
            return nil
        }
        var from = nameEnd + 1
        var to = feed - 1
        while from < to, Octet.isBlank(bytes[from]) { from += 1 }
        while from < to, Octet.isBlank(bytes[to - 1]) { to -= 1 }
        return (Field(name: start..<nameEnd, value: from..<to), feed + 1)
    }
}
