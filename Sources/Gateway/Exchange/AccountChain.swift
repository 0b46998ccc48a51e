import Governance

/// The accounts that a token's calls are charged to, as its tenant's document has them now: the tenant's cap, the caps of the token's chain,
/// outermost first, and its budget.
final class AccountChain: Sendable {
    let accounts: [ChargedAccount]
    /// When the first of their windows ends, unix milliseconds.
    let until: Int64
    /// No call may pass a limit of theirs.
    let isStrict: Bool
    /// What the document says of slices for each account; nil: nothing.
    private let leases: [Bool?]

    /// Those of the principal at that time, unix milliseconds.
    init(of principal: Principal, at now: Int64, by windows: any WindowClock) {
        let (grant, tenant) = (principal.grant, principal.tenant)
        let cap = tenant.cap.map { principal.account(.tenant, opening: $0.limit, at: now, by: windows) }
        accounts = (cap.map { [$0] } ?? []) + principal.chain(at: now, by: windows)
        until = accounts.compactMap { $0.window?.first }.min() ?? .max
        isStrict = accounts.allSatisfy { !$0.isLenient }
        let budget = grant.budget.flatMap { tenant.budgets[$0]?.lease }
        leases = accounts.map { account in
            // A cap of the chain has no terms of its own: it goes with the token's budget.
            if case .cap = account.name { budget } else { tenant.terms(of: account.name)?.lease }
        }
    }

    /// Whether slices may be taken of all of them; `usually`: where the document does not say.
    func mayLease(usually: Bool) -> Bool { leases.allSatisfy { $0 ?? usually } }

    /// Whether slices may be taken of that one.
    func mayLease(_ account: AccountName, usually: Bool) -> Bool {
        zip(accounts, leases).contains { $0.name == account && $1 ?? usually }
    }
}

extension Principal {
    /// The accounts of its token: the caps of the chain, outermost first, and the budget. The tenant's cap is none of them.
    func chain(at now: Int64, by windows: any WindowClock) -> [ChargedAccount] {
        var accounts = grant.caps.map { account(.cap($0.prefix), opening: $0.limit, at: now, by: windows) }
        if let budget = grant.budget ?? (grant.caps.isEmpty ? tenant.defaultBudget : nil) {
            accounts.append(account(.budget(budget), opening: tenant.budgets[budget]?.limit, at: now, by: windows))
        }
        return accounts
    }

    /// The account with what the tenant's document says of it now; `opening` where it may be made.
    func account(_ name: AccountName, opening: Credits? = nil, at now: Int64, by windows: any WindowClock) -> ChargedAccount {
        let terms = tenant.terms(of: name)
        var expires: Int64?
        if case .cap = name { expires = grant.expires + Self.day }
        return ChargedAccount(
            name: name, opening: opening, expires: expires, isLenient: (terms?.mode ?? tenant.mode) != .hard,
            window: terms?.window.flatMap { windows.ends(of: $0, at: now) })
    }

    /// Milliseconds.
    private static var day: Int64 { 86_400_000 }
}
