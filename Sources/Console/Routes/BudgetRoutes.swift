import Governance
import HTTPTypes
import Hummingbird

/// The accounts of a tenant: `/tenants/{tenant}/budgets` and below.
struct BudgetRoutes {
    let budgets: any BudgetAdmin
    let lists: AccountLists
    let tenants: any TenantAdmin
    let activity: any ActivityMonitor
    /// Unix milliseconds.
    let now: @Sendable () -> Int64

    func add(to router: RouterGroup<AdminContext>) {
        router.get("tenants/{tenant}/budgets") { request, context in
            try AdminJSON.response(try await list(try context.tenant(), Page(request)))
        }
        router.get("tenants/{tenant}/budgets/{account}") { _, context in
            let (tenant, account) = (try context.tenant(), try context.account())
            guard let books = try await budgets.balance(of: account, tenant: tenant) else { throw Problem.notFound("no such account") }
            let burn = try await activity.burnPerHour(of: tenant)[account]
            return try AdminJSON.response(BudgetItem(account, books, burn: burn, now: now()))
        }
    }

    /// The tenant's own account first, then budgets, then caps of tokens.
    private func list(_ tenant: TenantName, _ page: Page) async throws -> Listing<BudgetItem> {
        let start = try page.after.map { text throws(Problem) in
            guard let account = AccountName(text) else { throw .invalid("after: the next of a list") }
            return account
        }
        let names = try await lists.accounts(of: tenant)
        if names.isEmpty, try await tenants.find(tenant) == nil { throw Problem.notFound("no such tenant") }
        let rest = names.drop { name in start.map { !($0 < name) } ?? false }
        let shown = Array(rest.prefix(page.limit))
        let books = try await budgets.balances(of: shown, tenant: tenant)
        // One that has expired since it was listed is left out.
        let burn = try await activity.burnPerHour(of: tenant)
        let items = zip(shown, books).compactMap { name, books in
            books.map { BudgetItem(name, $0, burn: burn[name], now: now()) }
        }
        return Listing(items, next: shown.count < rest.count ? shown.last?.text : nil)
    }
}

extension AdminContext {
    /// `{account}` of the path.
    func account() throws(Problem) -> AccountName { try parameter("account", Names.account) { AccountName($0) } }
}
