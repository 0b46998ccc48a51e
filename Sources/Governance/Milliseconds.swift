/// A span of time as an operator writes it: `500ms`, `30s`, `5m`, `24h`, `7d`.
package struct Milliseconds: Sendable, Hashable, CustomStringConvertible {
    package let count: Int64

    /// Smallest first.
    private static let units: [(name: String, length: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// A span of this many milliseconds.
    package init(count: Int64) { self.count = count }

    /// Nil unless digits are followed by a unit, and for a span of nothing.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count)
        guard let value = Int64(digits), let unit = Self.units.first(where: { $0.name == name }) else { return nil }
        let (count, overflow) = value.multipliedReportingOverflow(by: unit.length)
        guard !overflow, count > 0 else { return nil }
        self.count = count
    }

    /// In the largest unit that says it exactly.
    package var description: String {
        let unit = Self.units.last { count.isMultiple(of: $0.length) } ?? Self.units[0]
        return "\(count / unit.length)\(unit.name)"
    }
}
