import Store

/// Writes tenants' documents as YAML that `TenantsFile` reads, one line for each value.
enum TenantYAML {
    /// The file of these documents.
    static func text(of documents: [DocumentValue]) -> String {
        documents.isEmpty ? "tenants: []\n" : (["tenants:"] + lines(of: .list(documents)).map { "  " + $0 }).joined(separator: "\n") + "\n"
    }

    /// The lines of a value that is no scalar; `name` stands first.
    static func lines(of value: DocumentValue) -> [String] {
        switch value {
        case .list(let elements):
            return elements.flatMap { element in
                let lines = isInline(element) ? [inline(element)] : lines(of: element)
                return lines.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
            }
        case .object:
            let members = value.members.filter { $0.key == "name" } + value.members.filter { $0.key != "name" }
            return members.flatMap { key, value in
                isInline(value)
                    ? ["\(scalar(key)): \(inline(value))"] : ["\(scalar(key)):"] + lines(of: value).map { "  " + $0 }
            }
        default: return [inline(value)]
        }
    }

    private static func isInline(_ value: DocumentValue) -> Bool {
        switch value {
        case .list(let elements): elements.isEmpty
        case .object: value.members.isEmpty
        default: true
        }
    }

    private static func inline(_ value: DocumentValue) -> String {
        if case .text(let text) = value { scalar(text) } else { value.json }
    }

    /// The text, in quotes (JSON's, which are YAML's too) unless every reader takes it for a text without them.
    private static func scalar(_ text: String) -> String {
        let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            text.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "/") } ?? false && !words.contains(text.lowercased())
            && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_./".utf8.contains($0) }
        let isSpan = text.utf8.first.map(isDigit) ?? false && text.hasSuffix("s") && text.utf8.allSatisfy { isDigit($0) || isLetter($0) }
        return isPlain || isSpan ? text : DocumentValue.text(text).json
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") || byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
    }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
