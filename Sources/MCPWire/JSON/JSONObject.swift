/// A JSON object that is not of MCP, such as an authorization server's answer: strictly read, its own members only.
package struct JSONObject: Sendable {
    private let document: JSONDocument

    /// Nil for malformed JSON, any other value, and an object in which a key stands twice.
    package init?(_ bytes: [UInt8]) {
        guard let document = try? JSONDocument(bytes, as: .other), document.isObject(document.root), !document.isAmbiguous else {
            return nil
        }
        self.document = document
    }

    /// True where the member is there and not null.
    package func has(_ key: String) -> Bool { document.value(key, in: .other).map { !document.isNull($0) } ?? false }

    /// The text of a string member.
    package func text(_ key: String) -> String? { document.text(key, in: .other) }

    /// A member that is an integer, or a string of its digits, as some servers write it.
    package func integer(_ key: String) -> Int? {
        guard let range = document.value(key, in: .other) else { return nil }
        return Int(document.text(range) ?? String(decoding: document.raw(range), as: UTF8.self))
    }
}
