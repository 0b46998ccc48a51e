/// Reads the JSON of a token, strictly: what a caller does not ask for is refused, so nothing is ever skipped.
struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0

    /// Refuses what is not UTF-8.
    init(_ bytes: [UInt8]) throws(MacaroonError) {
        guard isUTF8(bytes) else { throw .malformed("json: not UTF-8") }
        self.bytes = bytes
    }

    /// An object; `body` reads the value of each member and refuses names it does not know. A name twice is refused.
    mutating func object(_ body: (inout JSONReader, [UInt8]) throws(MacaroonError) -> Void) throws(MacaroonError) {
        var seen: [[UInt8]] = []
        try list(UInt8(ascii: "{"), UInt8(ascii: "}")) { (reader) throws(MacaroonError) in
            let name = try reader.string()
            guard !seen.contains(name) else { throw .malformed("json: a member twice") }
            seen.append(name)
            try reader.take(UInt8(ascii: ":"))
            try body(&reader, name)
        }
    }

    /// An array; `body` reads each element.
    mutating func array(_ body: (inout JSONReader) throws(MacaroonError) -> Void) throws(MacaroonError) {
        try list(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// This one digit, as the whole number.
    mutating func number(_ digit: UInt8) throws(MacaroonError) {
        try take(digit)
        guard index < bytes.count, !Self.continuesNumber(bytes[index]) else { throw .malformed("json: version") }
    }

    /// A string's bytes, unescaped.
    mutating func string() throws(MacaroonError) -> [UInt8] {
        try take(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw .malformed("json: control byte in a string")
            default: text.append(byte)
            }
        }
        throw .malformed("json: string does not end")
    }

    /// Refuses whatever is left.
    func finish() throws(MacaroonError) {
        guard index == bytes.count else { throw .malformed("json: bytes after the object") }
    }

    private mutating func list(
        _ open: UInt8, _ close: UInt8, _ body: (inout JSONReader) throws(MacaroonError) -> Void
    ) throws(MacaroonError) {
        try take(open)
        if takes(close) { return }
        repeat { try body(&self) } while takes(UInt8(ascii: ","))
        try take(close)
    }

    private mutating func take(_ byte: UInt8) throws(MacaroonError) {
        guard takes(byte) else { throw .malformed("json: unexpected byte") }
    }

    /// True, and it is taken with the white space before it, when the next byte is this.
    private mutating func takes(_ byte: UInt8) -> Bool {
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func continuesNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(MacaroonError) {
        guard index < bytes.count else { throw .malformed("json: string does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += try scalar()
        default: throw .malformed("json: unknown escape")
        }
    }

    /// The UTF-8 of `XXXX` or `XXXX\uXXXX`; half a surrogate pair is refused.
    private mutating func scalar() throws(MacaroonError) -> [UInt8] {
        var units = [try codeUnit()]
        if UTF16.isLeadSurrogate(units[0]) {
            guard bytes.count - index >= 2, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
                throw .malformed("json: half a surrogate pair")
            }
            index += 2
            units.append(try codeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw .malformed("json: half a surrogate pair") }
        return Array(text.utf8)
    }

    private mutating func codeUnit() throws(MacaroonError) -> UInt16 {
        guard bytes.count - index >= 4 else { throw .malformed("json: short escape") }
        var unit: UInt16 = 0
        for byte in bytes[index..<(index + 4)] {
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F") ? byte | 0x20 : byte
            guard let value = Hex.value(lower) else { throw .malformed("json: escape is not hex") }
            unit = unit << 4 | UInt16(value)
        }
        index += 4
        return unit
    }
}
