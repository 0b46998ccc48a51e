import Tracing

/// Writes JSON one value after another.
struct OTLPWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// `{…}`
    mutating func object(_ body: (inout Self) -> Void) { enclosed("{", "}", body) }

    /// `"key":{…}`
    mutating func object(_ key: String, _ body: (inout Self) -> Void) {
        name(key)
        enclosed("{", "}", body)
    }

    /// `"key":[…]`
    mutating func array(_ key: String, _ body: (inout Self) -> Void) {
        name(key)
        enclosed("[", "]", body)
    }

    /// An object in an array.
    mutating func element(_ body: (inout Self) -> Void) {
        separate()
        enclosed("{", "}", body)
    }

    /// `"key":"text"`
    mutating func text(_ key: String, _ value: String) {
        name(key)
        quote(value)
        needsComma = true
    }

    /// `"key":number`
    mutating func number(_ key: String, _ value: Int) { literal(key, "\(value)") }

    /// `"attributes":[…]`
    mutating func attributes(_ attributes: SpanAttributes) {
        guard !attributes.isEmpty else { return }
        var sorted: [(String, SpanAttribute)] = []
        attributes.forEach { sorted.append(($0, $1)) }
        sorted.sort { $0.0 < $1.0 }
        array("attributes") { json in
            for (key, value) in sorted {
                json.element { json in
                    json.text("key", key)
                    json.object("value") { $0.value(value) }
                }
            }
        }
    }

    /// What is no single value is written as its text.
    private mutating func value(_ attribute: SpanAttribute) {
        switch attribute {
        case .int32(let value): text("intValue", "\(value)")
        case .int64(let value): text("intValue", "\(value)")
        case .double(let value) where value.isFinite: literal("doubleValue", "\(value)")
        case .bool(let value): literal("boolValue", "\(value)")
        case .string(let value): text("stringValue", value)
        case .stringConvertible(let value): text("stringValue", value.description)
        default: text("stringValue", "\(attribute)")
        }
    }

    private mutating func literal(_ key: String, _ value: String) {
        name(key)
        bytes += value.utf8
        needsComma = true
    }

    private mutating func enclosed(_ open: StaticString, _ close: StaticString, _ body: (inout Self) -> Void) {
        append(open)
        needsComma = false
        body(&self)
        append(close)
        needsComma = true
    }

    private mutating func name(_ key: String) {
        separate()
        quote(key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7f:
                let digits = String(byte, radix: 16)
                bytes += "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
