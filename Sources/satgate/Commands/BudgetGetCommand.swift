import ArgumentParser
import Governance
import Store

/// `satgate budget get`: the books of one account.
struct BudgetGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show an account's books.")

    @OptionGroup var argument: AccountArgument
    @OptionGroup var options: BudgetOptions

    func run() async throws {
        let (account, tenant) = (try argument.name(), try tenantName(options.tenant))
        try await options.store.connected { connection in
            guard let books = try await connection.budgets.balance(of: account, tenant: tenant) else {
                throw BudgetFailure.missing(account, tenant)
            }
            let report = BudgetReport(account: account, books: books)
            print(options.json ? report.value.json + "\n" : BudgetReport.table([report]), terminator: "")
        }
    }
}
