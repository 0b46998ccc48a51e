import Glibc

extension JSONDocument {
    /// Whether a member's key stands twice in its section, spells nothing, or differs only by case from one that is guarded there:
    /// common decoders (Go's, .NET's) take `Name` for `name`, so an upstream might run another tool than the one that was paid for. Where no
    /// known key `repeatsKeys`, the others alone are compared.
    static func isAmbiguous(_ members: [JSONMember], of text: UnsafeRawBufferPointer, repeatsKeys: Bool) -> Bool {
        members.withUnsafeBufferPointer { members in
            guard members.count <= 24 else { return isAmbiguousSpelled(members, of: text) }
            for (index, member) in members.enumerated() {
                if member.isEscaped || member.known == .other && !isPlain(member, of: text) { return isAmbiguousSpelled(members, of: text) }
                guard repeatsKeys || member.known == .other else { continue }
                for earlier in members[..<index] where earlier.section == member.section && earlier.known == member.known {
                    if member.known != .other || isSame(earlier.key, member.key, of: text) { return true }
                }
            }
            return false
        }
    }

    private static func isSame(_ one: Range<Int>, _ other: Range<Int>, of text: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count, let base = text.baseAddress else { return false }
        return memcmp(base + one.lowerBound, base + other.lowerBound, one.count) == 0
    }

    /// Whether a key without escapes cannot fold to a guarded key: it is ASCII and has no capital, or no guarded key's length.
    private static func isPlain(_ member: JSONMember, of text: UnsafeRawBufferPointer) -> Bool {
        switch member.section {
        case .envelope, .params, .result, .reference: break
        default: return true
        }
        var hasCapital = false
        for byte in text[member.key] {
            if byte >= 0x80 { return false }
            if byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") { hasCapital = true }
        }
        return !hasCapital || !member.section.guardedKeys.contains { $0.utf8.count == member.key.count }
    }

    private struct SpelledKey: Hashable {
        let section: Section
        let key: [UInt8]
    }

    /// The same for keys of any spelling and in any number.
    @inline(never)
    private static func isAmbiguousSpelled(_ members: UnsafeBufferPointer<JSONMember>, of text: UnsafeRawBufferPointer) -> Bool {
        var seen: Set<SpelledKey> = []
        for member in members {
            guard let key = spelledKey(of: member, in: text), !isLookalike(key, in: member.section),
                seen.insert(SpelledKey(section: member.section, key: key)).inserted
            else { return true }
        }
        return false
    }

    /// Whether the key folds to a guarded key without being it.
    private static func isLookalike(_ key: [UInt8], in section: Section) -> Bool {
        let guarded = section.guardedKeys
        guard !guarded.isEmpty, key.count <= 32 else { return false }
        let spelled = String(decoding: key, as: UTF8.self)
        return guarded.contains(folded(spelled)) && !guarded.contains(spelled)
    }

    /// Simple case folding, as far as it ends in ASCII: the letters, `ſ` (s) and the Kelvin sign (k).
    private static func folded(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "A"..."Z": out.append(Unicode.Scalar(UInt8(scalar.value) | 0x20))
            case "\u{17F}": out.append("s")
            case "\u{212A}": out.append("k")
            default: out.append(scalar)
            }
        }
        return String(out)
    }
}
