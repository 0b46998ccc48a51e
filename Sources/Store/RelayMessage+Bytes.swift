import Gateway
import Governance

extension RelayMessage.Content {
    /// A letter that tells the kind, and the rest: texts of fixed length, numbers up to a space, bytes to the end.
    var bytes: [UInt8] {
        switch self {
        case .resume(let node, let call, let round, let responses): Array("g\(node)\(call)\(round) ".utf8) + responses
        case .poll(let node): Array("p\(node)".utf8)
        case .abandon: Array("x".utf8)
        case .ahead(let message): Array("m".utf8) + message
        case .last(let status, let message): Array("l\(status) ".utf8) + message
        case .alive: Array("a".utf8)
        case .unknown: Array("u".utf8)
        case .refused(let taking): Array("r\(taking.rawValue)".utf8)
        }
    }

    /// Reads `bytes` back; nil for what this version does not know.
    init?(_ bytes: some Collection<UInt8>) {
        guard let letter = bytes.first else { return nil }
        let rest = Array(bytes.dropFirst())
        switch letter {
        case UInt8(ascii: "g"):
            guard let node = NodeID(Self.text(rest.prefix(16))), let call = CallID(Self.text(rest.dropFirst(16).prefix(32))),
                let (round, responses) = Self.number(rest.dropFirst(48))
            else { return nil }
            self = .resume(from: node, call, round: round, responses)
        case UInt8(ascii: "p"):
            guard let node = NodeID(Self.text(rest[...])) else { return nil }
            self = .poll(from: node)
        case UInt8(ascii: "x"): self = .abandon
        case UInt8(ascii: "m"): self = .ahead(rest)
        case UInt8(ascii: "l"):
            guard let (status, message) = Self.number(rest[...]) else { return nil }
            self = .last(status: status, message)
        case UInt8(ascii: "a"): self = .alive
        case UInt8(ascii: "u"): self = .unknown
        case UInt8(ascii: "r"):
            guard let taking = Taking(rawValue: Self.text(rest[...])) else { return nil }
            self = .refused(taking)
        default: return nil
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// A number up to a space, and what is behind it.
    private static func number(_ bytes: ArraySlice<UInt8>) -> (Int, [UInt8])? {
        let digits = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard digits.count <= 4, digits.count < bytes.count, let number = Int(text(digits)) else { return nil }
        return (number, Array(bytes.dropFirst(digits.count + 1)))
    }
}
