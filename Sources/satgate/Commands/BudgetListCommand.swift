import ArgumentParser
import Governance
import Store

/// `satgate budget list`: the books of all accounts, the tenant's own and the budgets first, then the caps of tokens.
struct BudgetListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the books of all accounts of a tenant.")

    @Flag(help: "Leave out the caps of tokens.")
    var budgetsOnly = false
    @OptionGroup var watching: WatchOptions
    @OptionGroup var options: BudgetOptions

    func run() async throws {
        let tenant = try tenantName(options.tenant)
        try await watching.show(options.store) { connection in
            let names = try await connection.budgets.accounts(of: tenant).filter { !budgetsOnly || !$0.isCap }
            let books = try await connection.budgets.balances(of: names, tenant: tenant)
            // One that has expired since it was listed is left out.
            let reports = zip(names, books).compactMap { name, books in books.map { BudgetReport(account: name, books: $0) } }
            return options.json ? DocumentValue.list(reports.map(\.value)).json + "\n" : BudgetReport.table(reports)
        }
    }
}

extension AccountName {
    var isCap: Bool { if case .cap = self { true } else { false } }
}
