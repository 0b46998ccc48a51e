/// A tenant's name, `[a-z0-9][A-Za-z0-9._-]{0,63}`: safe inside a Redis key, a hash tag and a channel.
package struct TenantName: Sendable, Hashable {
    package let text: String

    /// Nil where the text breaks the rule.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard isPlainName(text) else { return nil }
        self.text = text
    }
}

/// A budget's name, under the same rule as a tenant's; names with a leading `_` are the gateway's own and cannot be spelled here.
package struct BudgetName: Sendable, Hashable {
    package let text: String

    /// Nil where the text breaks the rule.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard isPlainName(text) else { return nil }
        self.text = text
    }
}

/// An upstream's name, `[a-z][a-z0-9-]{0,31}`.
package struct UpstreamName: Sendable, Hashable, Comparable {
    package let text: String

    /// Nil where the text breaks the rule.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard let first = bytes.first, isLower(first), bytes.count <= 32 else { return nil }
        guard bytes.allSatisfy({ isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }) else { return nil }
        self.text = String(text)
    }

    package static func < (left: UpstreamName, right: UpstreamName) -> Bool { left.text < right.text }
}

extension TenantName: CustomStringConvertible { package var description: String { text } }
extension BudgetName: CustomStringConvertible { package var description: String { text } }
extension UpstreamName: CustomStringConvertible { package var description: String { text } }

/// True for `[a-z0-9][A-Za-z0-9._-]{0,63}`.
private func isPlainName(_ text: String) -> Bool {
    let bytes = text.utf8
    guard let first = bytes.first, isLower(first) || isDigit(first), bytes.count <= 64 else { return false }
    return bytes.allSatisfy { byte in
        isLower(byte) || isDigit(byte) || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}

private func isLower(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
