import Governance
import Hummingbird

/// `GET /tenants/{tenant}/audit` and `…/budgets/{account}/audit`: whether accounts are what their ledger makes of them.
struct AuditRoutes {
    private struct Report: Encodable {
        struct Difference: Encodable {
            @OrNull var account: String?
            @OrNull var entry: String?
            let what: String
        }

        let isSound: Bool
        let accounts: Int
        let entries: Int
        let differences: [Difference]

        init(_ report: AuditReport) {
            isSound = report.differences.isEmpty
            accounts = report.accounts
            entries = report.entries
            differences = report.differences.map { Difference(account: $0.account?.text, entry: $0.entry, what: $0.what) }
        }
    }

    let audit: any LedgerAudit
    let budgets: any BudgetAdmin
    let tenants: any TenantAdmin

    func add(to router: RouterGroup<AdminContext>) {
        router.get("tenants/{tenant}/audit") { _, context in
            let tenant = try context.tenant()
            let accounts = try await budgets.accounts(of: tenant)
            if accounts.isEmpty, try await tenants.find(tenant) == nil { throw TenantRoutes.unknown }
            return try AdminJSON.response(Report(try await audit.audit(accounts, of: tenant, isExact: false) { _ in }))
        }
        router.get("tenants/{tenant}/budgets/{account}/audit") { _, context in
            let (tenant, account) = (try context.tenant(), try context.account())
            return try AdminJSON.response(Report(try await audit.audit([account], of: tenant, isExact: true) { _ in }))
        }
    }
}
