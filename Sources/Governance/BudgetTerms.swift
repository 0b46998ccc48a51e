/// What a document says of an account.
package struct BudgetTerms: Sendable, Hashable {
    package let limit: Credits
    /// Nil: what is spent stays spent.
    package let window: Window?
    /// Nil: as the tenant's accounts are.
    package let mode: Tenant.Mode?
    /// Nodes may take slices of it, to reserve calls from without asking first; nil: as the node's setting has it.
    package let lease: Bool?

    package init(limit: Credits, window: Window? = nil, mode: Tenant.Mode? = nil, lease: Bool? = nil) {
        self.lease = lease
        self.limit = limit
        self.window = window
        self.mode = mode
    }
}

/// The span after which what an account has spent is forgotten: a local day, a week from Monday, a month.
package struct Window: Sendable, Hashable {
    package enum Period: String, Sendable, CaseIterable { case day, week, month }

    package let period: Period
    package let zone: ZoneName

    package init(period: Period, zone: ZoneName = .utc) {
        self.period = period
        self.zone = zone
    }
}

/// The name of a time zone as the zone database has it, `Europe/Berlin`: at most 64 letters, digits and `._+-` in parts joined by `/`,
/// none of which begins with a point.
package struct ZoneName: Sendable, Hashable, CustomStringConvertible {
    package static let utc = ZoneName(unchecked: "UTC")

    package let text: String

    private init(unchecked text: String) { self.text = text }

    /// Nil where the text breaks the rule, and so could lead out of a directory.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, parts.allSatisfy({ $0.first != nil && $0.first != UInt8(ascii: ".") && $0.allSatisfy(Self.isPlain) })
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
