import ArgumentParser
import Governance
import Store

/// `satgate budget set`: gives an account a limit.
struct BudgetSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set an account's limit; one that is not there yet is made.",
        discussion: "A limit below what is used takes nothing back: the account is over it, and calls are refused until it is not.")

    @OptionGroup var argument: AccountArgument
    @Argument(help: "Credits, at most six decimals.")
    var limit: Amount
    @OptionGroup var change: BudgetChange
    @OptionGroup var options: BudgetOptions

    func run() async throws {
        let account = try argument.name()
        try await change.make(account, options) { budgets, tenant, request throws(StoreError) in
            try await budgets.set(limit.credits, of: account, tenant: tenant, as: request)
        }
    }
}
