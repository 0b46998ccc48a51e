/// What the header fields say about the message around them. Where they could be read in two ways the message is refused.
struct Framing {
    private(set) var length: Int?
    private(set) var isChunked = false
    private(set) var asksToClose = false
    private(set) var asksToKeep = false
    private(set) var expectsContinue = false
    private var namesProtocol = false
    private var asksToUpgrade = false

    /// Reads the field lines, all of them whole.
    init(_ lines: UnsafeBufferPointer<UInt8>, limit: Int) throws(HTTPViolation) {
        var rest = FieldLines(lines)
        var count = 0
        while let field = try rest.next() {
            count += 1
            guard count <= limit else { throw .fieldsTooLarge }
            try take(field)
        }
        guard length == nil || !isChunked else { throw .malformed }
    }

    private mutating func take(_ field: FieldLines.Field) throws(HTTPViolation) {
        let (name, value) = (field.name, field.value)
        // The length of a name tells most of them apart before a letter is compared.
        switch name.count {
        case 6 where Octet.spells(name, "expect"): expectsContinue = Octet.spells(value, "100-continue")
        case 10 where Octet.spells(name, "connection"): connection(field)
        case 7 where Octet.spells(name, "upgrade"): namesProtocol = true
        case 14 where Octet.spells(name, "content-length"):
            // llhttp takes a space behind the digits, but no tab.
            guard length == nil, let number = Self.decimal(value), !field.trail.contains(Octet.tab) else { throw .malformed }
            length = number
        // What is said to a proxy is heeded too: to close is never wrong.
        case 16 where Octet.spells(name, "proxy-connection"): connection(field)
        case 17 where Octet.spells(name, "transfer-encoding"):
            guard !isChunked, Octet.spells(value, "chunked"), !field.trail.contains(Octet.tab) else { throw .malformed }
            isChunked = true
        default: break
        }
    }

    private mutating func connection(_ field: FieldLines.Field) {
        for option in field.value.split(separator: UInt8(ascii: ",")) {
            let isPlain = !option.contains(Octet.tab) && !field.trail.contains(Octet.tab)
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
        guard text.count == 8, UnsafeBufferPointer(rebasing: text[..<7]).elementsEqual("HTTP/1.".utf8) else { return nil }
        switch text[7] {
        case UInt8(ascii: "1"): self = .http11
        case UInt8(ascii: "0"): self = .http10
        default: return nil
        }
    }
}

/// Field lines one by one, each judged: a token, a colon at once behind it, a value without control characters, CR LF; no folding.
struct FieldLines {
    private var rest: UnsafeBufferPointer<UInt8>

    init(_ lines: UnsafeBufferPointer<UInt8>) { rest = lines }

    /// One line's parts.
    struct Field {
        let name: UnsafeBufferPointer<UInt8>
        /// Without blanks at its ends.
        let value: UnsafeBufferPointer<UInt8>
        /// The blanks behind the value.
        let trail: UnsafeBufferPointer<UInt8>
    }

    mutating func next() throws(HTTPViolation) -> Field? {
        guard !rest.isEmpty else { return nil }
        guard let line = rest.cutLine() else { throw .malformed }
        var colon = 0
        while colon < line.count, Octet.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == Octet.colon else { throw .malformed }
        var start = colon + 1
        var end = line.count
        while start < end, Octet.isBlank(line[start]) { start += 1 }
        while start < end, Octet.isBlank(line[end - 1]) { end -= 1 }
        let value = UnsafeBufferPointer(rebasing: line[start..<end])
        guard Octet.isText(value) else { throw .malformed }
        return Field(name: UnsafeBufferPointer(rebasing: line[..<colon]), value: value, trail: UnsafeBufferPointer(rebasing: line[end...]))
    }
}
