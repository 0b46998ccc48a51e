/// The accounts of a tenant, as an operator sees and changes them.
package protocol BudgetAdmin: Sendable {
    /// Names of the tenant's accounts, in no order, from `cursor` on (nil: from the beginning). An account may come twice; one that is
    /// made meanwhile may be missing.
    func list(of tenant: TenantName, from cursor: AccountCursor?) async throws(StoreError) -> AccountPage
    /// The books of each account, in the order asked for; nil for one that does not exist.
    func balances(of accounts: [AccountName], tenant: TenantName) async throws(StoreError) -> [Balance?]
    /// Gives the account this limit; one that is missing is made where the tenant's books are open.
    func set(_ limit: Credits, of account: AccountName, tenant: TenantName, as request: BudgetRequest) async throws(StoreError)
        -> BudgetAnswer
    /// Raises the account's limit by `amount`; it must exist.
    func topUp(
        _ account: AccountName, by amount: Credits, tenant: TenantName, as request: BudgetRequest
    ) async throws(StoreError) -> BudgetAnswer
    /// Lets an account that has lost writes be charged again, as it stands now; nothing changes where it has lost none.
    func resume(_ account: AccountName, tenant: TenantName, by operator: String) async throws(StoreError) -> BudgetAnswer
}

extension BudgetAdmin {
    /// The account's books; nil when it does not exist.
    package func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance? {
        try await balances(of: [account], tenant: tenant).first ?? nil
    }

    /// The names of all accounts in their order.
    package func accounts(of tenant: TenantName) async throws(StoreError) -> [AccountName] {
        var names: Set<AccountName> = []
        var cursor: AccountCursor?
        repeat {
            let page = try await list(of: tenant, from: cursor)
            names.formUnion(page.names)
            cursor = page.next
        } while cursor != nil
        return names.sorted()
    }
}

/// Where a listing of accounts goes on.
package struct AccountCursor: Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// A part of a tenant's accounts.
package struct AccountPage: Sendable, Hashable {
    package let names: [AccountName]
    /// Nil at the end.
    package let next: AccountCursor?

    package init(names: [AccountName], next: AccountCursor?) {
        self.names = names
        self.next = next
    }
}

/// Who wants an account's limit changed, and what the wish is known by: within 24 h a repeat changes nothing and is answered the same.
package struct BudgetRequest: Sendable, Hashable {
    package let id: RequestName
    /// For the events.
    package let `operator`: String

    package init(id: RequestName, operator: String) {
        self.id = id
        self.operator = `operator`
    }
}

/// The name of a request that is carried out once, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
package struct RequestName: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    /// A new random name.
    package init() { text = CallID().text }

    /// Nil where the text breaks the rule.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        let isName = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isName, bytes.count <= 64, let first = bytes.first, !".-_".utf8.contains(first) else { return nil }
        self.text = String(text)
    }
}

/// What came of a change to an account.
package enum BudgetAnswer: Sendable, Hashable {
    /// The books after it; `previous`: the limit before, nil where the account was made.
    case done(Balance, previous: Credits?)
    /// The account is gone, and may be made anew from now on.
    case anew
    case refused(BudgetRefusal)
}

/// Why an account was not changed.
package enum BudgetRefusal: String, Sendable, Hashable, CaseIterable {
    /// The account does not exist.
    case noAccount = "no_account"
    /// The account does not exist, and the tenant's books are not open.
    case booksClosed = "books_closed"
    /// The request's name stands for another change.
    case conflict
    /// The limit would not fit.
    case outOfRange = "out_of_range"
}
