/// What an agent names a call by, so that its retries are known for the same call: 1 to 255 bytes of UTF-8 without control characters.
package struct IdempotencyKey: Sendable, Hashable {
    package let text: String

    /// What a text must be to be one, for people.
    package static let rule = "an idempotency key is a text of 1 to 255 bytes without control characters"

    /// Nil for what is no key.
    package init?(_ text: String) {
        guard (1...255).contains(text.utf8.count), !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            return nil
        }
        self.text = text
    }

    /// Nil for what is no key, as for bytes that are no UTF-8.
    package init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(text)
    }
}
