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

    init(_ name: AccountName, _ books: Balance) {
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
    }
}
