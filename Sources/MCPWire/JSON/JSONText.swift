import Glibc

/// Writing and reading of JSON's own notation.
package enum JSONText {
    /// Appends the string with its quotes; controls, U+2028 and U+2029 are escaped.
    package static func append(string: String, to out: inout [UInt8]) {
        var string = string
        string.withUTF8 { append(utf8: $0, to: &out) }
    }

    /// The string with its quotes.
    package static func string(_ string: String) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(string.utf8.count + 2)
        append(string: string, to: &out)
        return out
    }

    /// A member of an object.
    static func member(_ key: String, _ value: String) -> [UInt8] { string(key) + [UInt8(ascii: ":")] + string(value) }

    /// Appends the number.
    package static func append(integer: Int, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = digits.count
            var rest = integer.magnitude
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if integer < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Appends text that is JSON already.
    package static func append(raw: StaticString, to out: inout [UInt8]) {
        raw.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// Appends a decimal text as a JSON number; a text that is none becomes a string.
    package static func append(decimal: String, to out: inout [UInt8]) {
        let bytes = Array(decimal.utf8)
        let startsLikeANumber = bytes.first.map { $0 == UInt8(ascii: "-") || hexValue($0).map { $0 < 10 } ?? false } ?? false
        if startsLikeANumber, let document = try? JSONDocument(bytes, as: .other), document.root.count == bytes.count {
            out.append(contentsOf: bytes)
        } else {
            append(string: decimal, to: &out)
        }
    }

    private static func append(utf8 text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var copied = 0
        var index = 0
        while index < text.count {
            let length = escapedLength(text, at: index)
            guard length > 0 else {
                index += 1
                continue
            }
            out.append(contentsOf: text[copied..<index])
            appendEscape(text, at: index, to: &out)
            index += length
            copied = index
        }
        out.append(contentsOf: text[copied..<text.count])
        out.append(UInt8(ascii: "\""))
    }

    /// How many bytes at `index` must be escaped together; 0 when they stay as they are.
    private static func escapedLength(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        switch text[index] {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): 1
        case 0xE2 where text.count - index >= 3 && text[index + 1] == 0x80 && text[index + 2] & 0xFE == 0xA8: 3
        default: 0
        }
    }

    private static func appendEscape(_ text: UnsafeBufferPointer<UInt8>, at index: Int, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\\"))
        switch text[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(text[index])
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0C: out.append(UInt8(ascii: "f"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        case 0xE2: append(raw: text[index + 2] == 0xA8 ? "u2028" : "u2029", to: &out)
        case let control:
            append(raw: "u00", to: &out)
            out.append(contentsOf: [hexDigit(control >> 4), hexDigit(control & 15)])
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension String {
    /// Whether both are the same bytes; texts that only look alike are equal otherwise.
    func isWritten(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var (one, other) = (self, other)
        return one.withUTF8 { one in
            other.withUTF8 { other in
                guard let left = one.baseAddress, let right = other.baseAddress else { return true }
                return memcmp(left, right, one.count) == 0
            }
        }
    }
}
