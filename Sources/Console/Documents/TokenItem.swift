import Foundation
import Governance

/// A token in a list.
struct TokenItem: Encodable, Sendable {
    let token: String
    @OrNull var label: String?
    @OrNull var budget: String?
    /// All that it comes from, the nearest first; which of these ids were tokens, the list tells.
    let parents: [String]
    /// The same from the root on.
    let roots: [String]
    let expiresAt: String
    let firstSeen: String
    let lastSeen: String
    let calls: Int64
    let credits: Decimal

    init(_ seen: TokenActivity) {
        token = seen.token.text
        label = seen.label
        budget = seen.budget?.text
        roots = seen.ancestors.map(\.text)
        parents = roots.reversed()
        expiresAt = seen.expires.instant
        firstSeen = seen.firstSeen.instant
        lastSeen = seen.lastSeen.instant
        calls = seen.calls
        credits = seen.credits.decimal
    }
}
