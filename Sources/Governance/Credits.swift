/// A sum of credits, kept as an integer of 1/1,000,000 credit below 2^53, so that Redis' Lua (doubles) counts it exactly.
package struct Credits: Sendable, Hashable, Comparable {
    /// Millionths of a credit, 0 ..< 2^53.
    package let micros: Int64

    /// Millionths in one credit.
    package static let scale: Int64 = 1_000_000
    /// The first number of millionths that is too large.
    package static let bound: Int64 = 1 << 53
    package static let zero = Credits(unchecked: 0)

    private init(unchecked micros: Int64) { self.micros = micros }

    /// Nil outside 0 ..< 2^53.
    package init?(micros: Int64) {
        guard micros >= 0, micros < Self.bound else { return nil }
        self.micros = micros
    }

    /// Nil when the whole credits do not fit.
    package init?(whole: Int64) {
        let (micros, overflow) = whole.multipliedReportingOverflow(by: Self.scale)
        guard !overflow else { return nil }
        self.init(micros: micros)
    }

    /// Reads `12`, `0.5`, `3.000001`: digits with at most six decimals; a sign, an exponent, white space or a bare point is refused.
    package init?(decimal text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Self.digits(parts[0], atMost: 10) else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard let digits = Self.digits(parts[1], atMost: 6) else { return nil }
            fraction = digits
            for _ in parts[1].count..<6 { fraction *= 10 }
        }
        self.init(micros: whole * Self.scale + fraction)
    }

    /// The sum; nil when it leaves the range.
    package func adding(_ other: Credits) -> Credits? { Credits(micros: micros + other.micros) }

    /// The difference, never below zero.
    package func subtracting(_ other: Credits) -> Credits { Credits(unchecked: max(0, micros - other.micros)) }

    package static func < (left: Credits, right: Credits) -> Bool { left.micros < right.micros }

    /// The number that 1 to `limit` ASCII digits spell.
    private static func digits(_ bytes: some Collection<UInt8>, atMost limit: Int) -> Int64? {
        guard !bytes.isEmpty, bytes.count <= limit else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }
}

extension Credits: CustomStringConvertible {
    /// The shortest decimal: `5`, `0.25`.
    package var description: String {
        let whole = micros / Self.scale
        var rest = micros % Self.scale
        guard rest != 0 else { return String(whole) }
        var width = 6
        while rest % 10 == 0 {
            rest /= 10
            width -= 1
        }
        let digits = String(rest)
        return "\(whole).\(String(repeating: "0", count: width - digits.count))\(digits)"
    }
}
