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

    /// Bytes decide: of two texts that only look alike each is a key of its own.
    package static func == (left: IdempotencyKey, right: IdempotencyKey) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }

    /// Nil for what is no key, as for bytes that are no UTF-8.
    package init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(text)
    }
}
