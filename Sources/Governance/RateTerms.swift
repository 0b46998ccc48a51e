/// How often a tenant's agents may ask, as its document says.
package struct RateTerms: Sendable, Hashable {
    /// Of all requests together.
    package let tenant: Rate?
    /// Of those of each root token, with all that is attenuated or delegated from it.
    package let token: Rate?
    /// Of the calls of each tool by itself, by its name or a pattern.
    package let tools: Patterns<Rate>

    package init(tenant: Rate? = nil, token: Rate? = nil, tools: [String: Rate] = [:]) {
        self.tenant = tenant
        self.token = token
        self.tools = Patterns(tools)
    }

    package var isEmpty: Bool { tenant == nil && token == nil && tools.isEmpty }
}

/// So many requests in a second, a minute, an hour or a day: `100/minute`.
package struct Rate: Sendable, Hashable, CustomStringConvertible {
    package enum Span: String, Sendable, CaseIterable {
        case second = "s"
        case minute, hour, day

        /// Microseconds.
        fileprivate var length: Int64 {
            switch self {
            case .second: 1_000_000
            case .minute: 60_000_000
            case .hour: 3_600_000_000
            case .day: 86_400_000_000
            }
        }
    }

    /// The largest number that a rate may have.
    package static let most: Int64 = 1_000_000

    /// 1 to `most`.
    package let count: Int64
    package let span: Span
    /// How many may come at once, 1 to `most`.
    package let burst: Int64

    /// Nil outside of what the members may be; `burst` is by default the number of a second, rounded up.
    package init?(count: Int64, per span: Span, burst: Int64? = nil) {
        let range = 1...Self.most
        guard range.contains(count), range.contains(burst ?? 1) else { return nil }
        self.count = count
        self.span = span
        self.burst = burst ?? Self.usualBurst(count, span)
    }

    /// Reads `100/minute`.
    package init?(_ text: String, burst: Int64? = nil) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Self.number(parts[0]), let span = Span(rawValue: String(parts[1])) else { return nil }
        self.init(count: count, per: span, burst: burst)
    }

    package var description: String { "\(count)/\(span.rawValue)" }

    /// True where the burst is what the rate alone would have made it.
    package var hasUsualBurst: Bool { burst == Self.usualBurst(count, span) }

    /// The limit on this subject. The interval is rounded up, so that no more come than the rate says.
    package func limit(on subject: String) -> RateLimit {
        RateLimit(subject: subject, interval: (span.length + count - 1) / count, burst: burst)
    }

    private static func usualBurst(_ count: Int64, _ span: Span) -> Int64 {
        let seconds = span.length / Span.second.length
        return (count + seconds - 1) / seconds
    }

    /// Digits only.
    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ? Int64(text) : nil
    }
}
