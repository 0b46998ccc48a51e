import ArgumentParser
import Governance
import Store

/// `satgate budget list`: the books of all accounts, the tenant's own and the budgets first, then the caps of tokens.
struct BudgetListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the books of all accounts of a tenant.")

    @Flag(help: "Leave out the caps of tokens.")
    var budgetsOnly = false
    @OptionGroup var options: BudgetOptions

    func run() async throws {
        let tenant = try tenantName(options.tenant)
        try await options.store.connected { connection in
            let names = try await connection.accounts(of: tenant).filter { !budgetsOnly || !$0.isCap }
            let books = try await connection.budgets.balances(of: names, tenant: tenant)
            // One that has expired since it was listed is left out.
            let reports = zip(names, books).compactMap { name, books in books.map { BudgetReport(account: name, books: $0) } }
            print(options.json ? DocumentValue.list(reports.map(\.value)).json + "\n" : BudgetReport.table(reports), terminator: "")
        }
    }
}

extension AccountName {
    var isCap: Bool { if case .cap = self { true } else { false } }
}

extension StoreOptions.Connection {
    /// The names of all accounts: the tenant's own, the budgets, the caps.
    func accounts(of tenant: TenantName) async throws -> [AccountName] {
        var names: Set<AccountName> = []
        var cursor: AccountCursor?
        repeat {
            let page = try await budgets.list(of: tenant, from: cursor)
            names.formUnion(page.names)
            cursor = page.next
        } while cursor != nil
        func rank(_ name: AccountName) -> Int {
            switch name {
            case .tenant: 0
            case .budget: 1
            case .cap: 2
            }
        }
        return names.sorted { (rank($0), $0.text) < (rank($1), $1.text) }
    }
}
