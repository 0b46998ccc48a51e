import ArgumentParser
import Foundation
import Governance
import Store

/// `satgate budget`: the accounts of a tenant.
struct BudgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget", abstract: "See, set, top up and audit a tenant's accounts.",
        subcommands: [
            BudgetGetCommand.self, BudgetListCommand.self, BudgetSetCommand.self, BudgetTopUpCommand.self, BudgetAuditCommand.self,
            BudgetResumeCommand.self,
        ])
}

/// Whose accounts, and how they are shown.
struct BudgetOptions: ParsableArguments {
    @Option(help: "The tenant's name.")
    var tenant: String
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var store: StoreOptions

    func validate() throws { _ = try tenantName(tenant) }
}

/// The account that a command works on.
struct AccountArgument: ParsableArguments {
    @Argument(help: "A budget's name, _cap.<id> of a token's cap, or _tenant for the tenant's own.")
    var account: String

    func validate() throws { _ = try name() }

    /// The name; what is none is wrong usage.
    func name() throws -> AccountName { try Self.name(account) }

    static func name(_ text: String) throws -> AccountName {
        guard let name = AccountName(text) else {
            throw ValidationError("not an account: [a-z0-9][A-Za-z0-9._-]{0,63}, _cap.<id> or _tenant")
        }
        return name
    }
}

/// An amount of credits on the command line.
struct Amount: ExpressibleByArgument {
    let credits: Credits

    init?(argument: String) {
        guard let credits = Credits(decimal: argument) else { return nil }
        self.credits = credits
    }
}

extension StoreOptions.Connection {
    var budgets: RedisBudgetAdmin { RedisBudgetAdmin(redis: redis, names: names) }
}

/// Why a command about an account did not do it.
struct BudgetFailure: Error, CustomStringConvertible {
    let description: String

    static func missing(_ account: AccountName, _ tenant: TenantName) -> BudgetFailure {
        BudgetFailure(description: "no such account: \(account.text) of \(tenant)")
    }

    init(description: String) { self.description = description }

    init(_ refusal: BudgetRefusal, _ account: AccountName, _ tenant: TenantName) {
        switch refusal {
        case .noAccount: self = .missing(account, tenant)
        case .booksClosed: description = "the books of \(tenant) are not open: apply its document first"
        case .conflict: description = "the request id stands for another change"
        case .outOfRange: description = "the limit would be too large"
        }
    }
}
