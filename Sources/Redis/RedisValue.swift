/// A reply as RESP2 can say it.
package enum RedisValue: Sendable, Hashable {
    /// A bulk string or a status.
    case string([UInt8])
    case integer(Int64)
    case array([RedisValue])
    case null
    /// An error inside an array; an error as the whole reply is thrown instead.
    case error(String)

    /// The string's bytes; nil for anything else.
    package var bytes: [UInt8]? {
        if case .string(let bytes) = self { bytes } else { nil }
    }

    /// The string, its bytes read as UTF-8; nil for anything else.
    package var text: String? {
        if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// The integer, or the one that a string spells.
    package var number: Int64? {
        switch self {
        case .integer(let number): number
        case .string(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    /// The elements of an array; nil for anything else.
    package var elements: [RedisValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
