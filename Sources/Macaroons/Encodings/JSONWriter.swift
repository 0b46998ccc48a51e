/// Writes JSON as Go's `encoding/json` does, which is how SatGate's tokens come to their bytes: compact, with `<`, `>`, `&`,
/// U+2028 and U+2029 escaped beside what must be.
enum JSONWriter {
    /// The bytes of a constant text.
    static func literal(_ text: StaticString) -> [UInt8] { text.withUTF8Buffer { Array($0) } }

    /// A string of UTF-8 bytes, quoted.
    static func string(_ text: [UInt8]) -> [UInt8] {
        var json: [UInt8] = [UInt8(ascii: "\"")]
        var index = 0
        while index < text.count {
            if isLineSeparator(text[index...]) {
                json += literal("\\u202")
                json.append(Hex.digit(text[index + 2] & 15))
                index += 3
            } else {
                append(text[index], to: &json)
                index += 1
            }
        }
        json.append(UInt8(ascii: "\""))
        return json
    }

    /// E2 80 A8 and E2 80 A9.
    private static func isLineSeparator(_ text: ArraySlice<UInt8>) -> Bool {
        text.starts(with: [0xE2, 0x80, 0xA8]) || text.starts(with: [0xE2, 0x80, 0xA9])
    }

    private static func append(_ byte: UInt8, to json: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
        case 0x08: json += literal("\\b")
        case 0x0C: json += literal("\\f")
        case 0x0A: json += literal("\\n")
        case 0x0D: json += literal("\\r")
        case 0x09: json += literal("\\t")
        case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): json += literal("\\u00") + Hex.encode([byte])
        default: json.append(byte)
        }
    }
}
