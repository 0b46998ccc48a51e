import ArgumentParser
import Governance
import Store

/// `satgate budget resume`: lets an account that has lost writes be charged again.
struct BudgetResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let an account that was rolled back be charged again, as it stands now.")

    @OptionGroup var argument: AccountArgument
    @OptionGroup var options: BudgetOptions

    func run() async throws {
        let (account, tenant) = (try argument.name(), try tenantName(options.tenant))
        try await options.store.connected { connection in
            let answer = try await connection.budgets.resume(account, tenant: tenant, by: Operator.name)
            print(try BudgetChange.text(of: answer, account, tenant, json: options.json), terminator: "")
        }
    }
}
