/// A validated JSON text and where the members of its recorded objects stand.
struct JSONDocument: Sendable {
    let bytes: [UInt8]
    /// The outermost value, without the white space around it.
    let root: Range<Int>
    /// In the order of the text.
    let members: [JSONMember]
    /// Two readers might take it for different things: see `isAmbiguous(_:of:)`; or it has more recorded members than anyone needs.
    let isAmbiguous: Bool
    /// The bits of the keys that any of the members has: most that are asked for stand nowhere.
    private let keys: UInt64
    /// Its `params._meta` is the one that was known.
    let repeatsMeta: Bool

    /// Reads the whole of `bytes`, but for a `params._meta` that is known.
    init(_ bytes: [UInt8], as root: Section, recalling meta: KnownMeta? = nil) throws(MalformedJSON) {
        try self.init(bytes, in: 0..<bytes.count, as: root, recalling: meta)
    }

    /// Reads the value at `range`, an object of it anew with its own members recorded.
    init(_ bytes: [UInt8], in range: Range<Int>, as root: Section, recalling meta: KnownMeta? = nil) throws(MalformedJSON) {
        let scanned = bytes.withUnsafeBytes { text -> Result<(Range<Int>, [JSONMember], Bool, UInt64, Bool), MalformedJSON> in
            var scanner = JSONScanner(text, in: range, recalling: meta)
            do throws(MalformedJSON) {
                let root = try scanner.document(as: root)
                let isAmbiguous = scanner.isUnreasonable || Self.isAmbiguous(scanner.members, of: text, repeatsKeys: scanner.repeatsKeys)
                return .success((root, scanner.members, isAmbiguous, scanner.keys, scanner.repeatsMeta))
            } catch {
                return .failure(error)
            }
        }
        (self.root, members, isAmbiguous, keys, repeatsMeta) = try scanned.get()
        self.bytes = bytes
    }

    /// Whether the value at `range` is an object.
    func isObject(_ range: Range<Int>) -> Bool { bytes[range.lowerBound] == UInt8(ascii: "{") }

    /// Whether the value at `range` is `null`.
    func isNull(_ range: Range<Int>) -> Bool { bytes[range.lowerBound] == UInt8(ascii: "n") }

    /// Where the value of a key that every scan recognizes stands in `section`.
    func value(_ key: KnownKey, in section: Section) -> Range<Int>? {
        guard keys & key.bit != 0 else { return nil }
        for member in members where member.known == key && member.section == section { return member.value }
        return nil
    }

    /// Where the value of `key` in `section` stands.
    func value(_ key: String, in section: Section) -> Range<Int>? {
        for member in members where member.section == section && self.key(of: member, is: key) { return member.value }
        return nil
    }

    /// The text of the string at `range`; nil for any other value and for unpaired surrogates.
    func text(_ range: Range<Int>) -> String? {
        guard bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        return JSONText.unescaped(bytes[range.lowerBound + 1..<range.upperBound - 1])
    }

    /// The text of a string member.
    func text(_ key: String, in section: Section) -> String? {
        value(key, in: section).flatMap { text($0) }
    }

    /// The text of a string member whose key every scan recognizes.
    func text(_ key: KnownKey, in section: Section) -> String? {
        value(key, in: section).flatMap { text($0) }
    }

    /// Whether the value at `range` is written just so.
    func isWritten(_ range: Range<Int>, _ token: StaticString) -> Bool {
        bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[range]).spells(token) }
    }

    /// Whether the member is `true`.
    func isTrue(_ key: String, in section: Section) -> Bool {
        value(key, in: section).map { bytes[$0.lowerBound] == UInt8(ascii: "t") } ?? false
    }

    /// The value's own bytes.
    func raw(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

    /// Whether the string at `range` has a text: its surrogates pair.
    func isReadable(_ range: Range<Int>) -> Bool {
        let content = bytes[range.lowerBound + 1..<range.upperBound - 1]
        return !content.contains(UInt8(ascii: "\\")) || JSONText.unescaped(content) != nil
    }

    /// The object at `range` with its members recorded as `.other`; nil for any other value and for an ambiguous one.
    func object(_ range: Range<Int>) -> JSONDocument? {
        guard isObject(range), let inner = try? JSONDocument(bytes, in: range, as: .other), !inner.isAmbiguous else { return nil }
        return inner
    }
}

// MARK: Keys

extension JSONDocument {
    /// Whether the member's key spells `text`, escaped or not.
    func key(of member: JSONMember, is text: String) -> Bool {
        if member.isEscaped { return spelledKey(of: member).elementsEqual(text.utf8) }
        return member.key.count == text.utf8.count && stands(text, at: member.key.lowerBound)
    }

    /// Whether the member's key begins with `text`, escaped or not.
    func key(of member: JSONMember, startsWith text: String) -> Bool {
        if member.isEscaped { return spelledKey(of: member).starts(with: text.utf8) }
        return member.key.count >= text.utf8.count && stands(text, at: member.key.lowerBound)
    }

    /// Whether the bytes from `start` on are `text`; there must be as many.
    private func stands(_ text: String, at start: Int) -> Bool {
        var text = text
        return text.withUTF8 { wanted in
            bytes.withUnsafeBytes { found in
                for index in 0..<wanted.count where found[start + index] != wanted[index] { return false }
                return true
            }
        }
    }

    private func spelledKey(of member: JSONMember) -> [UInt8] { Self.spelledKey(of: member, in: bytes) ?? [] }

    /// The key's text as UTF-8; nil when its surrogates do not pair.
    static func spelledKey(of member: JSONMember, in bytes: [UInt8]) -> [UInt8]? {
        bytes.withUnsafeBytes { spelledKey(of: member, in: $0) }
    }

    /// The same for the bytes themselves.
    static func spelledKey(of member: JSONMember, in text: UnsafeRawBufferPointer) -> [UInt8]? {
        let key = UnsafeRawBufferPointer(rebasing: text[member.key])
        return member.isEscaped ? JSONText.unescapedBytes(key) : Array(key)
    }
}
