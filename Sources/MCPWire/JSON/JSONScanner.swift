/// Not JSON by RFC 8259, not UTF-8, or nested deeper than `JSONScanner.maximumDepth`.
struct MalformedJSON: Error {}

/// Validates one JSON text in a single pass and records the members of the objects that `Section` names.
///
/// Every read is behind a comparison with `end`: past it `peek` answers 0, a byte that no rule accepts.
struct JSONScanner {
    private let text: UnsafeRawBufferPointer
    private let end: Int
    private var at: Int
    private(set) var members: [JSONMember] = []
    /// There are more members to record than `maximumMembers`.
    private(set) var isUnreasonable = false
    /// The bits of the keys that any of the members has.
    private(set) var keys: UInt64 = 0
    /// Some of them, `.other` left out, stand more than once, be it in several objects.
    private(set) var repeatsKeys = false
    /// What `params._meta` may be once more, and whether it is.
    private let meta: KnownMeta?
    private(set) var repeatsMeta = false

    /// Objects and arrays inside one another, the outermost counted.
    static let maximumDepth = 128
    /// Recorded members of one document.
    static let maximumMembers = 1024
    /// Bytes that a place in a text may be counted by; longer ones are not read.
    private static let longestText = Int(UInt32.max)

    init(_ text: UnsafeRawBufferPointer, in range: Range<Int>, recalling meta: KnownMeta? = nil) {
        precondition(range.lowerBound >= 0 && range.upperBound <= text.count, "the range is made by an earlier scan of the same bytes")
        self.text = text
        self.meta = meta
        at = range.lowerBound
        end = range.upperBound
    }

    /// Reads the whole text, which must be one value with nothing but white space around it; answers where the value stands.
    mutating func document(as root: Section) throws(MalformedJSON) -> Range<Int> {
        guard end <= Self.longestText else { throw MalformedJSON() }
        members.reserveCapacity(16)
        skipSpace()
        let start = at
        try value(depth: 0, as: root)
        let range = start..<at
        skipSpace()
        guard at == end else { throw MalformedJSON() }
        return range
    }

    /// Where the elements of the array at `range` stand; nil when there is no array.
    static func elements(of bytes: [UInt8], in range: Range<Int>) -> [Range<Int>]? {
        bytes.withUnsafeBytes { text in
            var scanner = JSONScanner(text, in: range)
            return try? scanner.elements()
        }
    }

    private mutating func elements() throws(MalformedJSON) -> [Range<Int>] {
        guard peek() == UInt8(ascii: "[") else { throw MalformedJSON() }
        var found: [Range<Int>]? = []
        try array(depth: 0, found: &found)
        return found ?? []
    }

    /// Reads one value; recursion is bounded by `maximumDepth`.
    private mutating func value(depth: Int, as section: Section?) throws(MalformedJSON) {
        switch peek() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"): try object(depth: depth, as: section)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: throw MalformedJSON()
        }
    }

    private mutating func object(depth: Int, as section: Section?) throws(MalformedJSON) {
        guard depth < Self.maximumDepth else { throw MalformedJSON() }
        at += 1
        skipSpace()
        guard peek() != UInt8(ascii: "}") else { return at += 1 }
        while true {
            let key = try string()
            skipSpace()
            guard peek() == UInt8(ascii: ":") else { throw MalformedJSON() }
            at += 1
            skipSpace()
            if let section {
                try recorded(key, in: section, depth: depth)
            } else {
                try value(depth: depth + 1, as: nil)
            }
            skipSpace()
            let separator = peek()
            guard separator == UInt8(ascii: ",") || separator == UInt8(ascii: "}") else { throw MalformedJSON() }
            at += 1
            if separator == UInt8(ascii: "}") { return }
            skipSpace()
        }
    }

    /// Reads a member's value and notes where it stands.
    private mutating func recorded(_ key: StringToken, in section: Section, depth: Int) throws(MalformedJSON) {
        let start = at
        let slot = members.count
        guard slot < Self.maximumMembers else {
            isUnreasonable = true
            return try value(depth: depth + 1, as: nil)
        }
        let (known, inner) = recognized(key, in: section)
        members.append(JSONMember(section: section, known: known, isEscaped: key.isEscaped, key: key.range))
        note(known)
        if inner != .paramsMeta || !recall() { try value(depth: depth + 1, as: inner) }
        members[slot].value = start..<at
    }

    private mutating func note(_ key: KnownKey) {
        if keys & key.bit != 0, key != .other { repeatsKeys = true }
        keys |= key.bit
    }

    /// Moves over a `_meta` that is known, and records its members.
    private mutating func recall() -> Bool {
        guard let meta, members.count + meta.members.count <= Self.maximumMembers, meta.stands(at: at, before: end, of: text) else {
            return false
        }
        for member in meta.members {
            members.append(member.moved(by: at))
            note(member.known)
        }
        at += meta.bytes.count
        repeatsMeta = true
        return true
    }

    /// What the key is, and the section that an object under it is; an escaped key is read as what it spells.
    private func recognized(_ key: StringToken, in section: Section) -> (KnownKey, Section?) {
        func read(_ spelled: UnsafeRawBufferPointer) -> (KnownKey, Section?) {
            let known = KnownKey(spelled)
            return (known, peek() == UInt8(ascii: "{") ? section.opened(by: known, spelled) : nil)
        }
        let written = UnsafeRawBufferPointer(rebasing: text[key.range])
        guard key.isEscaped else { return read(written) }
        return JSONText.unescapedBytes(written)?.withUnsafeBytes { read($0) } ?? (.other, nil)
    }

    private mutating func array(depth: Int) throws(MalformedJSON) {
        var found: [Range<Int>]?
        try array(depth: depth, found: &found)
    }

    /// Reads an array and notes its elements where a list for them is given.
    private mutating func array(depth: Int, found: inout [Range<Int>]?) throws(MalformedJSON) {
        guard depth < Self.maximumDepth else { throw MalformedJSON() }
        at += 1
        skipSpace()
        guard peek() != UInt8(ascii: "]") else { return at += 1 }
        while true {
            let start = at
            try value(depth: depth + 1, as: nil)
            found?.append(start..<at)
            skipSpace()
            let separator = peek()
            guard separator == UInt8(ascii: ",") || separator == UInt8(ascii: "]") else { throw MalformedJSON() }
            at += 1
            if separator == UInt8(ascii: "]") { return }
            skipSpace()
        }
    }

    private mutating func word(_ word: StaticString) throws(MalformedJSON) {
        let length = word.utf8CodeUnitCount
        guard end - at >= length, UnsafeRawBufferPointer(rebasing: text[at..<at + length]).spells(word) else { throw MalformedJSON() }
        at += length
    }

    /// Reads `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    private mutating func number() throws(MalformedJSON) {
        if peek() == UInt8(ascii: "-") { at += 1 }
        if peek() == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if peek() == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            at += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(MalformedJSON) {
        let start = at
        while peek() &- UInt8(ascii: "0") < 10 { at += 1 }
        guard at > start else { throw MalformedJSON() }
    }
}

// MARK: Strings

extension JSONScanner {
    /// A string as it is written: where its content stands, and whether that holds escapes.
    fileprivate struct StringToken {
        let range: Range<Int>
        let isEscaped: Bool
    }

    private mutating func string() throws(MalformedJSON) -> StringToken {
        guard peek() == UInt8(ascii: "\"") else { throw MalformedJSON() }
        at += 1
        let start = at
        skipPlainText()
        guard peek() != UInt8(ascii: "\"") else {
            at += 1
            return StringToken(range: Range(uncheckedBounds: (start, at - 1)), isEscaped: false)
        }
        return try unusualString(from: start)
    }

    /// Reads on in a string that holds more than plain text.
    @inline(never)
    private mutating func unusualString(from start: Int) throws(MalformedJSON) -> StringToken {
        var isEscaped = false
        while true {
            switch peek() {
            case UInt8(ascii: "\""):
                at += 1
                return StringToken(range: start..<at - 1, isEscaped: isEscaped)
            case UInt8(ascii: "\\"):
                isEscaped = true
                try escape()
            case 0x80...: repeat { try character() } while peek() >= 0x80
            default: throw MalformedJSON()
            }
            skipPlainText()
        }
    }

    /// Moves over printable ASCII other than quote and backslash, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlainText() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var at = at
        defer { self.at = at }
        while end - at >= 8 {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let controls = word &- ones &* 0x20
            let quotes = (word ^ (ones &* UInt64(UInt8(ascii: "\"")))) &- ones
            let slashes = (word ^ (ones &* UInt64(UInt8(ascii: "\\")))) &- ones
            // A borrow only ever comes from a lower byte that is itself a stop, so the lowest stop is exact.
            let stops = (word | controls | quotes | slashes) & (ones &* 0x80)
            guard stops == 0 else {
                at += stops.trailingZeroBitCount / 8
                return
            }
            at += 8
        }
        while at < end {
            let byte = text[at]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return }
            at += 1
        }
    }

    /// Reads one escape; surrogates need not pair here, only where the string is read.
    private mutating func escape() throws(MalformedJSON) {
        guard end - at >= 2 else { throw MalformedJSON() }
        switch text[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 2
        case UInt8(ascii: "u"):
            guard end - at >= 6 else { throw MalformedJSON() }
            for offset in 2..<6 where JSONText.hexValue(text[at + offset]) == nil { throw MalformedJSON() }
            at += 6
        default: throw MalformedJSON()
        }
    }

    /// Reads one character of two to four bytes: shortest form only, no surrogate, at most U+10FFFF.
    private mutating func character() throws(MalformedJSON) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch text[at] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: length = 3
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw MalformedJSON()
        }
        guard end - at >= length, second.contains(text[at + 1]) else { throw MalformedJSON() }
        for offset in 2..<max(length, 2) where text[at + offset] & 0xC0 != 0x80 { throw MalformedJSON() }
        at += length
    }

    @inline(__always)
    private func peek() -> UInt8 { at < end ? text[at] : 0 }

    @inline(__always)
    private mutating func skipSpace() {
        while at < end {
            switch text[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }
}
