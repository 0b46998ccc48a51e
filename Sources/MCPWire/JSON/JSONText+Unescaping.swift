extension JSONText {
    /// The text of a validated string's content; nil when a surrogate escape stands alone.
    static func unescaped(_ content: ArraySlice<UInt8>) -> String? {
        guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
        let plain = content.withUnsafeBytes { unescapedBytes($0) }
        return plain.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The UTF-8 of a validated string's content; nil when a surrogate escape stands alone or an escape is cut short.
    static func unescapedBytes(_ content: UnsafeRawBufferPointer) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\") else {
                out.append(content[index])
                index += 1
                continue
            }
            guard content.count - index >= 2 else { return nil }
            if content[index + 1] == UInt8(ascii: "u") {
                guard let scalar = scalar(content, at: &index) else { return nil }
                out.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            } else {
                out.append(simpleEscape(content[index + 1]))
                index += 2
            }
        }
        return out
    }

    private static func simpleEscape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// Reads `\uXXXX`, or two of them that make one character.
    private static func scalar(_ content: UnsafeRawBufferPointer, at index: inout Int) -> Unicode.Scalar? {
        guard let first = codeUnit(content, at: index) else { return nil }
        index += 6
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, let second = codeUnit(content, at: index), (0xDC00...0xDFFF).contains(second) else { return nil }
        index += 6
        return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    }

    private static func codeUnit(_ content: UnsafeRawBufferPointer, at index: Int) -> UInt16? {
        guard content.count - index >= 6, content[index] == UInt8(ascii: "\\"), content[index + 1] == UInt8(ascii: "u") else { return nil }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            guard let digit = hexValue(content[index + offset]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
