import Governance
import Synchronization

/// Remembers the names of tenants' accounts, for each listing walks through all keys of Redis, and dashboards ask again and again.
///
/// Where there is a list at hand, at most a tenth of the time goes into making new ones: on a small Redis each is fresh, on a large one an
/// account that others made appears later.
final class AccountLists: Sendable {
    private struct State {
        var lists: [TenantName: [AccountName]] = [:]
        var running = 0
        /// Until then no list is made anew.
        var rest: ContinuousClock.Instant?
    }

    /// Names in all that are kept.
    private static let most = 500_000

    private let budgets: any BudgetAdmin
    private let state = Mutex(State())

    init(_ budgets: any BudgetAdmin) { self.budgets = budgets }

    /// The names in their order.
    func accounts(of tenant: TenantName) async throws(StoreError) -> [AccountName] {
        let begin = ContinuousClock.now
        let known = state.withLock { state -> [AccountName]? in
            if let known = state.lists[tenant], state.running > 0 || state.rest.map({ begin < $0 }) ?? false { return known }
            state.running += 1
            return nil
        }
        if let known { return known }
        let names: [AccountName]
        do { names = try await budgets.accounts(of: tenant) } catch {
            state.withLock { $0.running -= 1 }
            throw error
        }
        let end = ContinuousClock.now
        state.withLock { state in
            state.running -= 1
            state.rest = end + (end - begin) * 9
            state.lists[tenant] = names
            if state.lists.values.reduce(0, { $0 + $1.count }) > Self.most { state.lists = [tenant: names] }
        }
        return names
    }

    /// The account may have been made just now.
    func note(_ account: AccountName, of tenant: TenantName) {
        state.withLock { state in
            guard let names = state.lists[tenant], !names.contains(account) else { return }
            state.lists[tenant] = (names + [account]).sorted()
        }
    }
}
