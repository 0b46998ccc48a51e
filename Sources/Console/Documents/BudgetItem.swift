import Foundation
import Governance

/// An account in a list.
struct BudgetItem: Encodable, Sendable {
    let account: String
    let kind: String
    let limit: Decimal
    let available: Decimal
    let held: Decimal
    let spent: Decimal
    let delegated: Decimal
    let over: Decimal
    let version: Int64
    let epoch: String
    /// When what is spent is forgotten next.
    @OrNull var window: String?
    let rolledBack: Bool
    /// By what was spent lately; nil where nothing was.
    @OrNull var burnPerHour: Decimal?
    /// When nothing is left if that goes on.
    @OrNull var exhaustedAt: String?

    /// `burn`: what it spends in an hour; `now`: unix milliseconds.
    init(_ name: AccountName, _ books: Balance, burn: Credits? = nil, now: Int64 = 0) {
        account = name.text
        kind =
            switch name {
            case .tenant: "tenant"
            case .budget: "budget"
            case .cap: "cap"
            }
        limit = books.limit.decimal
        available = books.available.decimal
        held = books.held.decimal
        spent = books.spent.decimal
        delegated = books.delegated.decimal
        over = books.over.decimal
        version = books.version
        epoch = books.epoch
        window = books.windowEnd?.instant
        rolledBack = books.isRolledBack
        burnPerHour = burn?.decimal
        exhaustedAt = burn.flatMap { Self.exhaustion(of: books.available, at: $0, now: now)?.instant }
    }

    /// When nothing is left at that rate, unix milliseconds; nil where that is more than a year off.
    private static func exhaustion(of available: Credits, at burn: Credits, now: Int64) -> Int64? {
        guard burn > .zero else { return nil }
        let hours = Double(available.micros) / Double(burn.micros)
        return hours < 365 * 24 ? now + Int64(hours * 3_600_000) : nil
    }
}
