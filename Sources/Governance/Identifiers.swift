import Glibc
import Synchronization

/// The id of a token's chain up to one caveat: SHA-256(identifier ‖ signature there), 64 lower-case hex digits. A token's id is its whole chain's.
package struct TokenID: Sendable, Hashable {
    package let text: String

    /// Nil unless the text is 64 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard isHex(text, digits: 64) else { return nil }
        self.text = text
    }
}

/// The 128-bit random id of one call, 32 lower-case hex digits: made by the node, used by all its retries to Redis.
package struct CallID: Sendable, Hashable {
    package let text: String

    /// A new random id.
    package init() { text = randomHex128() }

    /// Nil unless the text is 32 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard isHex(text, digits: 32) else { return nil }
        self.text = text
    }
}

/// The 128-bit random id of one agent session, 32 lower-case hex digits.
package struct SessionID: Sendable, Hashable {
    package let text: String

    /// A new random id.
    package init() { text = randomHex128() }

    /// Nil unless the text is 32 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard isHex(text, digits: 32) else { return nil }
        self.text = text
    }
}

/// The id of one running node, 16 lower-case hex digits, new at each start.
package struct NodeID: Sendable, Hashable, Comparable {
    package let text: String

    /// A new random id.
    package init() { text = String(randomHex128().prefix(16)) }

    /// Nil unless the text is 16 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard isHex(text, digits: 16) else { return nil }
        self.text = text
    }

    package static func < (left: NodeID, right: NodeID) -> Bool { left.text < right.text }
}

extension TokenID: CustomStringConvertible { package var description: String { text } }
extension CallID: CustomStringConvertible { package var description: String { text } }
extension SessionID: CustomStringConvertible { package var description: String { text } }
extension NodeID: CustomStringConvertible { package var description: String { text } }

private func isHex(_ text: String, digits: Int) -> Bool {
    let bytes = text.utf8
    return bytes.count == digits
        && bytes.allSatisfy { ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f")) }
}

/// 128 bits of the system's CSPRNG as 32 hex digits.
private func randomHex128() -> String {
    let halves = RandomBits.pair()
    return String(unsafeUninitializedCapacity: 32) { out in
        for digit in 0..<16 {
            out[digit] = hexDigit(UInt8(truncatingIfNeeded: halves.0 >> UInt64(60 - 4 * digit)) & 15)
            out[16 + digit] = hexDigit(UInt8(truncatingIfNeeded: halves.1 >> UInt64(60 - 4 * digit)) & 15)
        }
        return 32
    }
}

/// Random bits of the system's CSPRNG, fetched for sixteen ids at once: each call needs one, and a system call for each would be felt.
private enum RandomBits {
    private static let pool = Mutex<[UInt64]>([])

    static func pair() -> (UInt64, UInt64) {
        pool.withLock { pool in
            if pool.count < 2 { pool = fetch() }
            return (pool.removeLast(), pool.removeLast())
        }
    }

    /// 32 words, the most that getentropy gives at once.
    private static func fetch() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: 32)
        let status = words.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
        guard status != 0 else { return words }
        var random = SystemRandomNumberGenerator()
        return words.map { _ in random.next() }
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
