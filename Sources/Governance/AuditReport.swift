/// Where an account and its ledger do not agree.
package struct AuditDifference: Sendable, Hashable, CustomStringConvertible {
    /// Nil where it is about the ledger itself.
    package let account: AccountName?
    /// The id of the entry that shows it; nil where the account does.
    package let entry: String?
    /// What is wrong, in words.
    package let what: String

    package init(account: AccountName?, entry: String? = nil, what: String) {
        self.account = account
        self.entry = entry
        self.what = what
    }

    /// One line.
    package var description: String { "\(account?.text ?? "ledger"): \(entry.map { "entry \($0): " } ?? "")\(what)" }
}

/// What an audit came to.
package struct AuditReport: Sendable, Hashable {
    package var accounts = 0
    /// Read, also those of other accounts.
    package var entries = 0
    package var differences: [AuditDifference] = []

    package init() {}
}
