/// An entry of a tenant's ledger, as far as it concerns accounts.
package struct LedgerEntry: Sendable, Hashable {
    /// What an entry does to each account that it names.
    package enum Effect: Sendable, Hashable {
        /// Limit, spent and delegated stay.
        case none
        case made(limit: Int64)
        case limited(from: Int64, to: Int64)
        case spent(Int64)
        /// A window ended with this spent; of what was delegated, `drained` leaves with it. Nil where the entry does not say.
        case turned(spent: Int64?, drained: Int64?)
        /// Put aside for a child account, or, where negative, given back by one.
        case delegated(Int64)
        /// A child account gives this part of its limit back and ends.
        case ended(returning: Int64)
        /// The account goes on in another epoch.
        case resumed(from: String)
    }

    /// An account's books behind the entry, sums in millionths of a credit.
    package struct Books: Sendable, Hashable {
        package let account: AccountName
        package let limit, available, held, spent, delegated, over: Int64
        package let version: Int64
        package let epoch: String

        package init(
            account: AccountName, limit: Int64, available: Int64, held: Int64, spent: Int64, delegated: Int64, over: Int64,
            version: Int64, epoch: String
        ) {
            self.account = account
            self.limit = limit
            self.available = available
            self.held = held
            self.spent = spent
            self.delegated = delegated
            self.over = over
            self.version = version
            self.epoch = epoch
        }
    }

    /// Its place in the stream.
    package let id: String
    /// The number it states of itself.
    package let number: Int64
    /// Its type, as events spell it.
    package let kind: String
    /// By account, where the entry does not do the same to all.
    package let effects: [AccountName: Effect]
    /// To all others.
    package let effect: Effect
    package let books: [Books]

    package init(id: String, number: Int64, kind: String, effect: Effect, effects: [AccountName: Effect] = [:], books: [Books]) {
        self.id = id
        self.number = number
        self.kind = kind
        self.effect = effect
        self.effects = effects
        self.books = books
    }
}
