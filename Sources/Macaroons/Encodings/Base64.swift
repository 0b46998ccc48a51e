/// base64, read strictly: one alphabet per text, padding right or absent, no bits left over.
package enum Base64 {
    /// The URL alphabet without padding.
    package static func encodeURL(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var index = 0
        while index < bytes.count {
            let rest = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if rest > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if rest > 2 { group |= UInt32(bytes[index + 2]) }
            for place in 0...rest { text.append(character(UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place)) & 63)) }
            index += 3
        }
        return text
    }

    /// Reads the URL or the standard alphabet, padded or not; nil for anything else.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        let digits = unpadded(text)
        guard let digits, digits.count % 4 != 1, hasOneAlphabet(digits) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var pending: UInt32 = 0
        var bits = 0
        for digit in digits {
            guard let value = value(digit) else { return nil }
            pending = (pending << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        let leftover = pending & ((1 << UInt32(bits)) - 1)
        return leftover == 0 ? bytes : nil
    }

    /// The text before its padding; nil when the padding is not what the length asks for.
    private static func unpadded(_ text: [UInt8]) -> ArraySlice<UInt8>? {
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding > 0 else { return text[...] }
        guard padding <= 2, text.count.isMultiple(of: 4) else { return nil }
        return text.dropLast(padding)
    }

    private static func hasOneAlphabet(_ digits: ArraySlice<UInt8>) -> Bool {
        let standard = digits.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        let url = digits.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        return !(standard && url)
    }

    private static func character(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"), UInt8(ascii: "+"): 62
        case UInt8(ascii: "_"), UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
