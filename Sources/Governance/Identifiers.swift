/// The id of a token's chain up to one caveat: SHA-256(identifier ‖ signature there), 64 lower-case hex digits. A token's id is its whole chain's.
package struct TokenID: Sendable, Hashable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// Nil unless the text is 64 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        guard let words = HexDigits.words(of: text.utf8, count: 4) else { return nil }
        (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
    }

    package var text: String { HexDigits.text(first, second, third, fourth) }

    /// Writes the 64 digits of `text` to where `digits` begins.
    package func write(to digits: UnsafeMutablePointer<UInt8>) {
        HexDigits.write(first, to: digits)
        HexDigits.write(second, to: digits + 16)
        HexDigits.write(third, to: digits + 32)
        HexDigits.write(fourth, to: digits + 48)
    }

    /// One word of a digest tells ids apart well enough for a table.
    package func hash(into hasher: inout Hasher) { hasher.combine(first) }
}

/// The 128-bit random id of one call, 32 lower-case hex digits: made by the node, used by all its retries to Redis.
package struct CallID: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    /// A new random id.
    package init() { (high, low) = RandomBits.pair() }

    /// Nil unless the text is 32 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        guard let words = HexDigits.words(of: text.utf8, count: 2) else { return nil }
        (high, low) = (words[0], words[1])
    }

    package var text: String { HexDigits.text(high, low) }

    /// Writes the 32 digits of `text` to where `digits` begins.
    package func write(to digits: UnsafeMutablePointer<UInt8>) {
        HexDigits.write(high, to: digits)
        HexDigits.write(low, to: digits + 16)
    }

    /// Random bits tell ids apart well enough for a table.
    package func hash(into hasher: inout Hasher) { hasher.combine(low) }
}

/// The 128-bit random id of one agent session, 32 lower-case hex digits.
package struct SessionID: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    /// A new random id.
    package init() { (high, low) = RandomBits.pair() }

    /// Nil unless the text is 32 lower-case hex digits.
    package init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

    /// Nil unless the text is 32 lower-case hex digits.
    package init?(utf8 text: some Collection<UInt8>) {
        guard let words = HexDigits.words(of: text, count: 2) else { return nil }
        (high, low) = (words[0], words[1])
    }

    package var text: String { HexDigits.text(high, low) }

    /// Writes the 32 digits of `text` to where `digits` begins.
    package func write(to digits: UnsafeMutablePointer<UInt8>) {
        HexDigits.write(high, to: digits)
        HexDigits.write(low, to: digits + 16)
    }
}

/// The id of one running node, 16 lower-case hex digits, new at each start.
package struct NodeID: Sendable, Hashable, Comparable {
    package let text: String

    /// A new random id.
    package init() { text = HexDigits.text(RandomBits.pair().0) }

    /// Nil unless the text is 16 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        guard HexDigits.words(of: text.utf8, count: 1) != nil else { return nil }
        self.text = String(text)
    }

    package static func < (left: NodeID, right: NodeID) -> Bool { left.text < right.text }
}

extension TokenID: CustomStringConvertible { package var description: String { text } }
extension CallID: CustomStringConvertible { package var description: String { text } }
extension SessionID: CustomStringConvertible { package var description: String { text } }
extension NodeID: CustomStringConvertible { package var description: String { text } }
