import ArgumentParser
import Governance
import Store

/// `satgate budget audit`: replays the ledger and compares it with the accounts. Exit 0 where they agree, 1 where they do not.
struct BudgetAuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Replay the ledger and compare what comes out with an account, or with --all.",
        discussion: "May be run while calls go on. Each difference is one line; exits with 0 where there is none, else with 1.")

    @Argument(help: "A budget's name, _cap.<id> of a token's cap, or _tenant for the tenant's own.")
    var account: String?
    @Flag(help: "Audit all accounts of the tenant.")
    var all = false
    @OptionGroup var options: BudgetOptions

    func validate() throws {
        guard (account == nil) == all else { throw ValidationError("name an account, or --all") }
        if let account { _ = try AccountArgument.name(account) }
    }

    func run() async throws {
        let tenant = try tenantName(options.tenant)
        let progress = Progress("auditing")
        try await options.store.connected(progress) { connection in
            let names = if let account { [try AccountArgument.name(account)] } else { try await connection.budgets.accounts(of: tenant) }
            let audit = RedisLedgerAudit(redis: connection.redis, names: connection.names) { progress.note("\($0) entries") }
            let report = try await audit.audit(names, of: tenant, isExact: !all) { difference in
                if !options.json { print(difference) }
            }
            print(options.json ? Self.value(of: report).json : Self.summary(report))
            if !report.differences.isEmpty { throw ExitCode.failure }
        }
    }

    private static func summary(_ report: AuditReport) -> String {
        let (accounts, entries, found) = (report.accounts, report.entries, report.differences.count)
        return "\(accounts) account\(accounts == 1 ? "" : "s"), \(entries) entr\(entries == 1 ? "y" : "ies"): "
            + (found == 0 ? "no difference" : "\(found) difference\(found == 1 ? "" : "s")")
    }

    private static func value(of report: AuditReport) -> DocumentValue {
        let differences = report.differences.map { difference in
            var out: [String: DocumentValue] = ["what": .text(difference.what)]
            out["account"] = difference.account.map { .text($0.text) }
            out["entry"] = difference.entry.map { .text($0) }
            return DocumentValue.object(out)
        }
        return .object([
            "accounts": .number(String(report.accounts)), "entries": .number(String(report.entries)), "differences": .list(differences),
        ])
    }
}
