/// Field lines one by one, each judged: a token, a colon at once behind it, a value without control characters, CR LF; no folding.
struct FieldLines {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place: Int
    private let end: Int

    /// The lines that stand there, all of them whole.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ lines: Range<Int>) {
        self.bytes = bytes
        place = lines.lowerBound
        end = min(lines.upperBound, bytes.count)
    }

    /// Where one line's parts stand.
    struct Field {
        let name: Range<Int>
        /// What the name is, if it is one of those.
        let known: KnownField?
        /// Without blanks at its ends.
        let value: Range<Int>
        /// The blanks behind the value.
        let trail: Range<Int>
    }

    /// The next one; nil behind the last.
    mutating func next() throws(HTTPViolation) -> Field? {
        guard place < end else { return nil }
        guard let colon = Octet.colon(in: bytes, from: place, to: end), colon > place else { throw .malformed }
        let name = Range(uncheckedBounds: (place, colon))
        let written = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[name]))
        let known = KnownField(written)
        guard known != nil || written.allSatisfy(Octet.isToken) else { throw .malformed }
        var start = colon + 1
        while start < end, Octet.isBlank(bytes[start]) { start += 1 }
        let stop = Octet.endOfText(in: bytes, from: start, to: end)
        guard stop + 1 < end, bytes[stop] == Octet.carriageReturn, bytes[stop + 1] == Octet.lineFeed else { throw .malformed }
        place = stop + 2
        var last = stop
        while last > start, Octet.isBlank(bytes[last - 1]) { last -= 1 }
        return Field(
            name: name, known: known, value: Range(uncheckedBounds: (start, last)), trail: Range(uncheckedBounds: (last, stop)))
    }
}
