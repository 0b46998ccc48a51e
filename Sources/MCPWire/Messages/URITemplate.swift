/// A template of URIs as RFC 6570 has them, to tell whether a URI may have come of it. Expressions stand for any text but an empty one;
/// those of level 1 (`{name}`) for one without `/`, `?` and `#`.
package struct URITemplate: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case literal([UInt8])
        /// `crosses`: the text may have reserved characters in it.
        case expression(crosses: Bool)
    }

    private let parts: [Part]
    /// Longer URIs match no template, in bytes.
    private static let longestURI = 8192

    /// Reads a template; nil where its braces do not pair, or where it has none or more than 64.
    package init?(_ text: String) {
        var parts: [Part] = []
        var rest = Array(text.utf8)[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")), close > open + 1 else { return nil }
            if open > rest.startIndex { parts.append(.literal(Array(rest[..<open]))) }
            let first = rest[open + 1]
            let isSimple = first == UInt8(ascii: "_") || Self.isAlphanumeric(first)
            parts.append(.expression(crosses: !isSimple || rest[close - 1] == UInt8(ascii: "*")))
            rest = rest[(close + 1)...]
        }
        guard !parts.isEmpty, parts.count <= 128, !rest.contains(UInt8(ascii: "}")) else { return nil }
        if !rest.isEmpty { parts.append(.literal(Array(rest))) }
        self.parts = parts
    }

    /// Whether the URI may have come of the template; it is read from the front once for each part, without guessing twice.
    package func matches(_ uri: String) -> Bool {
        // The places in the URI that the parts so far may have led to.
        guard uri.utf8.count <= Self.longestURI else { return false }
        let text = Array(uri.utf8)
        var places: Set<Int> = [0]
        for part in parts {
            places = Self.places(after: part, from: places, in: text)
            if places.isEmpty { return false }
        }
        return places.contains(text.count)
    }

    private static func places(after part: Part, from places: Set<Int>, in text: [UInt8]) -> Set<Int> {
        switch part {
        case .literal(let literal):
            return Set(places.filter { text[$0...].starts(with: literal) }.map { $0 + literal.count })
        case .expression(let crosses):
            guard let first = places.min() else { return [] }
            var reached: Set<Int> = []
            // Whether an expression that began at an earlier place reaches so far.
            var isInside = false
            for index in first..<text.count {
                isInside = isInside || places.contains(index)
                if !crosses, isBoundary(text[index]) { isInside = false }
                if isInside { reached.insert(index + 1) }
            }
            return reached
        }
    }

    private static func isBoundary(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "%"):
            true
        default: false
        }
    }
}
