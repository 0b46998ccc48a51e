package import Governance

/// Where an event stands: with a tenant, or with none (`_`).
package struct EventSource: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Nil: the events of no proved tenant.
    package let tenant: TenantName?

    package init(_ tenant: TenantName?) { self.tenant = tenant }

    /// The stream of no tenant.
    package static let none = EventSource(nil)

    /// Reads `text` back; nil for what is neither a tenant's name nor `_`.
    package init?(_ text: some StringProtocol) {
        if text == "_" {
            tenant = nil
        } else {
            guard let name = TenantName(text) else { return nil }
            tenant = name
        }
    }

    /// The tenant's name, or `_`.
    package var text: String { tenant?.text ?? "_" }
    package var description: String { text }

    /// Numbers of a tenant's events follow each other; those of no tenant are times, with holes between them.
    package var isNumbered: Bool { tenant != nil }

    package static func < (left: EventSource, right: EventSource) -> Bool { left.text < right.text }
}
