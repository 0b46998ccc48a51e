extension HeaderValue {
    /// The text that a header's value repeats; nil where it holds what no header may, or marks as base64 what is none of a text.
    package static func decoded(_ value: String) -> String? {
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 }) else { return nil }
        guard value.hasPrefix(opening), value.hasSuffix(closing), value.utf8.count >= opening.utf8.count + closing.utf8.count else {
            return value
        }
        let inside = Array(value.utf8.dropFirst(opening.utf8.count).dropLast(closing.utf8.count))
        guard let bytes = bytes(base64: inside) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Nil unless this is just what the bytes are encoded as.
    private static func bytes(base64 text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        for start in stride(from: 0, to: text.count, by: 4) {
            let digits = text[start..<start + 4].prefix { $0 != UInt8(ascii: "=") }
            guard digits.count >= 2 else { return nil }
            var word: UInt32 = 0
            for digit in digits {
                guard let value = value(ofDigit: digit) else { return nil }
                word = word << 6 | value
            }
            word <<= 6 * UInt32(4 - digits.count)
            for place in 0..<digits.count - 1 { out.append(UInt8(truncatingIfNeeded: word >> (16 - 8 * UInt32(place)))) }
        }
        return base64(out).utf8.elementsEqual(text) ? out : nil
    }

    private static func value(ofDigit digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
