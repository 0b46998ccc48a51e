import ArgumentParser
import Governance
import Store

/// `satgate budget top-up`: raises an account's limit.
struct BudgetTopUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "top-up", abstract: "Add to an account's limit.")

    @OptionGroup var argument: AccountArgument
    @Argument(help: "Credits, at most six decimals.")
    var amount: Amount
    @OptionGroup var change: BudgetChange
    @OptionGroup var options: BudgetOptions

    func run() async throws {
        let account = try argument.name()
        try await change.make(account, options) { budgets, tenant, request throws(StoreError) in
            try await budgets.topUp(account, by: amount.credits, tenant: tenant, as: request)
        }
    }
}
