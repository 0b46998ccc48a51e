/// An account of a tenant.
package enum AccountName: Sendable, Hashable {
    case budget(BudgetName)
    /// The cap account of the chain prefix that ends in a `budget_limit`.
    case cap(TokenID)
    /// The tenant's own cap.
    case tenant

    /// How the account is spelled in keys, events and answers.
    package var text: String {
        switch self {
        case .budget(let name): name.text
        case .cap(let prefix): "_cap.\(prefix.text)"
        case .tenant: "_tenant"
        }
    }

    /// Reads `text` back; nil where no account is spelled so.
    package init?(_ text: some StringProtocol) {
        if text == "_tenant" {
            self = .tenant
        } else if text.hasPrefix("_cap."), let prefix = TokenID(text.dropFirst(5)) {
            self = .cap(prefix)
        } else if let name = BudgetName(text) {
            self = .budget(name)
        } else {
            return nil
        }
    }
}

extension AccountName: Comparable {
    /// The tenant's own first, then budgets, then caps, each by how they are spelled.
    package static func < (left: AccountName, right: AccountName) -> Bool { (left.rank, left.text) < (right.rank, right.text) }

    private var rank: Int {
        switch self {
        case .tenant: 0
        case .budget: 1
        case .cap: 2
        }
    }
}

/// One account a call is charged to.
package struct ChargedAccount: Sendable, Hashable {
    package let name: AccountName
    /// The limit it is made with on first use; nil: it must exist.
    package let opening: Credits?
    /// Unix milliseconds after which Redis may forget it (cap accounts: token expiry + 1 day); nil: never.
    package let expires: Int64?
    /// A call may pass its limit: what is missing is only told (`observe`, `soft`).
    package let isLenient: Bool
    /// The next ends of its window; nil for an account without one.
    package let window: WindowEnds?

    package init(
        name: AccountName, opening: Credits? = nil, expires: Int64? = nil, isLenient: Bool = false, window: WindowEnds? = nil
    ) {
        self.name = name
        self.opening = opening
        self.expires = expires
        self.isLenient = isLenient
        self.window = window
    }
}

/// The ends of an account's current window and of the one behind it, unix milliseconds: the ledger takes the first that is still to come.
/// Whoever asks later than both starts no new window.
package struct WindowEnds: Sendable, Hashable {
    package let first: Int64
    package let second: Int64

    package init(first: Int64, second: Int64) {
        self.first = first
        self.second = second
    }
}

/// An account's books.
package struct Balance: Sendable, Hashable {
    package let limit: Credits
    package let held: Credits
    package let spent: Credits
    package let delegated: Credits
    /// What was charged beyond the limit.
    package let over: Credits
    /// Drawn at random when the account was made.
    package let epoch: String
    /// Rises by one with every change.
    package let version: Int64
    /// When its window ends, unix milliseconds; nil before one has begun.
    package let windowEnd: Int64?
    /// What it gave to delegations that have ended, and they spent: it leaves `delegated` with the next window.
    package let drained: Credits
    /// The books have lost writes: calls are refused until an operator resumes the account.
    package let isRolledBack: Bool

    /// `max(0, limit − held − spent − delegated)`.
    package var available: Credits { limit.subtracting(held).subtracting(spent).subtracting(delegated) }

    package init(
        limit: Credits, held: Credits, spent: Credits, delegated: Credits, over: Credits, epoch: String, version: Int64,
        windowEnd: Int64? = nil, drained: Credits = .zero, isRolledBack: Bool = false
    ) {
        self.limit = limit
        self.held = held
        self.spent = spent
        self.delegated = delegated
        self.over = over
        self.epoch = epoch
        self.version = version
        self.windowEnd = windowEnd
        self.drained = drained
        self.isRolledBack = isRolledBack
    }
}
