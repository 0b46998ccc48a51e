/// Text in a definition that models read and people do not see: what could steer an agent past whoever looks at it.
enum HiddenText {
    /// True where the JSON has such a character, as it is or escaped.
    static func isIn(_ definition: [UInt8]) -> Bool {
        String(decoding: definition, as: UTF8.self).unicodeScalars.contains { isHidden($0.value) } || hasHiddenEscape(definition)
    }

    private static func hasHiddenEscape(_ json: [UInt8]) -> Bool {
        var rest = json[...]
        while let slash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            let escape = rest[slash...].prefix(6)
            if escape.count == 6, escape[slash + 1] == UInt8(ascii: "u"),
                let unit = UInt32(String(decoding: escape.dropFirst(2), as: UTF8.self), radix: 16), isHidden(unit)
            {
                return true
            }
            rest = rest[slash...].dropFirst(2)
        }
        return false
    }

    /// Control characters but tabs and line ends, what turns the direction of text, what has no width and is needed by no script, and the
    /// tags, of which as an escape the first half tells.
    private static func isHidden(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09, 0x0A, 0x0D: false
        case 0x00...0x1F, 0x7F...0x9F, 0x200B, 0x202A...0x202E, 0x2060...0x2064, 0x2066...0x2069, 0xFEFF, 0xE0000...0xE007F, 0xDB40: true
        default: false
        }
    }
}
