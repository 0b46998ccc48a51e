/// What the header fields say about the message around them. Where they could be read in two ways the message is refused.
struct Framing {
    private(set) var length: Int?
    private(set) var isChunked = false
    private(set) var asksToClose = false
    private(set) var asksToKeep = false
    private(set) var expectsContinue = false
    /// Where the fields stand that decide something else.
    private(set) var places = FieldPlaces()
    private var namesProtocol = false
    private var asksToUpgrade = false

    /// Reads the field lines of `bytes`, all of them whole.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ lines: Range<Int>, limit: Int) throws(HTTPViolation) {
        var rest = FieldLines(bytes, lines)
        var count = 0
        while let field = try rest.next() {
            count += 1
            guard count <= limit else { throw .fieldsTooLarge }
            if let known = field.known { try take(known, field, of: bytes) }
        }
        guard length == nil || !isChunked else { throw .malformed }
    }

    private mutating func take(
        _ known: KnownField, _ field: FieldLines.Field, of bytes: UnsafeBufferPointer<UInt8>
    ) throws(HTTPViolation) {
        let value = UnsafeBufferPointer(rebasing: bytes[field.value])
        switch known {
        case .expect: expectsContinue = Octet.spells(value, "100-continue")
        // What is said to a proxy is heeded too: to close is never wrong.
        case .connection, .proxyConnection: connection(value, trail: bytes[field.trail])
        case .upgrade: namesProtocol = true
        case .contentLength:
            // llhttp takes a space behind the digits, but no tab.
            guard length == nil, let number = Self.decimal(value), !bytes[field.trail].contains(Octet.tab) else { throw .malformed }
            length = number
        case .transferEncoding:
            guard !isChunked, Octet.spells(value, "chunked"), !bytes[field.trail].contains(Octet.tab) else { throw .malformed }
            isChunked = true
        default: places.note(known, at: field.value)
        }
    }

    private mutating func connection(_ value: UnsafeBufferPointer<UInt8>, trail: Slice<UnsafeBufferPointer<UInt8>>) {
        // What most say, ahead of the full reading.
        if trail.isEmpty, Octet.spells(value, "keep-alive") { return asksToKeep = true }
        for option in value.split(separator: UInt8(ascii: ",")) {
            let isPlain = !option.contains(Octet.tab) && !trail.contains(Octet.tab)
            let option = Octet.trimmed(UnsafeBufferPointer(rebasing: option))
            if Octet.spells(option, "close") { asksToClose = true }
            // llhttp does not know it beside a tab; to close is never wrong.
            if isPlain, Octet.spells(option, "keep-alive") { asksToKeep = true }
            if Octet.spells(option, "upgrade") { asksToUpgrade = true }
        }
    }

    var saysNothingOfConnection: Bool { !asksToClose && !asksToKeep && !asksToUpgrade && !namesProtocol }

    private static func decimal(_ digits: UnsafeBufferPointer<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var number = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// Whether the connection outlives the message. Not behind one that offers to speak another protocol: this one is never left, and
    /// whoever is between the two may think that it was.
    func keepsAlive(_ version: HTTPRevision) -> Bool {
        !asksToClose && !(asksToUpgrade && namesProtocol) && (version == .http11 || asksToKeep)
    }
}

/// The versions that are taken.
package enum HTTPRevision: Sendable, Hashable {
    case http10, http11

    /// Nil for any other.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 8, Octet.isSame(UnsafeRawBufferPointer(text), 0..<7, "HTTP/1.") else { return nil }
        switch text[7] {
        case UInt8(ascii: "1"): self = .http11
        case UInt8(ascii: "0"): self = .http10
        default: return nil
        }
    }
}
