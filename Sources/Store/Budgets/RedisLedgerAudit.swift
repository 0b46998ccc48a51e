package import Governance
package import Redis

/// Replays a tenant's ledger and compares what comes out with the accounts.
///
/// Calls may go on meanwhile. The ledger is read to its end; then one script reads some accounts, the last entry's id and the ids of the
/// open holds at one instant, and the ledger is read on to just that entry. What each hold is of does not change, so it may be read after
/// the instant; only where a hold ended before that, another instant is taken. Memory: a page of entries, the open holds, and a few
/// hundred bytes for each of at most 10,000 accounts, which share one reading of the ledger.
package struct RedisLedgerAudit: LedgerAudit {
    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts
    /// Entries of the ledger that are read at once.
    private let page: Int64
    private let onPage: @Sendable (Int) -> Void

    /// `onPage` is told now and then how many entries were read.
    package init(
        redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, page: Int64 = 500,
        onPage: @escaping @Sendable (_ entries: Int) -> Void = { _ in }
    ) {
        self.onPage = onPage
        self.redis = redis
        self.names = names
        self.scripts = scripts
        self.page = page
    }

    /// Audits the accounts; each difference is told as it is found, and stands in the report too. `isExact`: these and no others, and each
    /// must exist; else they are all that were found, and others that have entries are audited as well.
    package func audit(
        _ accounts: [AccountName], of tenant: TenantName, isExact: Bool, told: (AuditDifference) -> Void
    ) async throws(StoreError) -> AuditReport {
        var report = AuditReport()
        let known = isExact ? nil : Set(accounts)
        var strangers: Set<AccountName> = []
        for start in stride(from: 0, to: max(1, accounts.count), by: 10_000) {
            let part = Array(accounts[start..<min(start + 10_000, accounts.count)])
            var pass = try await replay(part, tenant, known)
            for account in part where isExact && pass.missing.contains(account) {
                pass.differences.append(AuditDifference(account: account, what: "no such account"))
            }
            let isFirst = start == 0
            let found = pass.differences.filter { isFirst || $0.account != nil }
            found.forEach(told)
            report.accounts += part.count
            report.entries = max(report.entries, pass.reader.entries)
            report.differences += found
            strangers.formUnion(pass.strangers)
        }
        guard !strangers.isEmpty else { return report }
        let rest = try await audit(strangers.sorted { $0.text < $1.text }, of: tenant, isExact: true) { if $0.account != nil { told($0) } }
        report.accounts += rest.accounts
        report.differences += rest.differences.filter { $0.account != nil }
        return report
    }

    /// Replays the ledger for these accounts, anew while it is trimmed faster than it is read.
    private func replay(
        _ accounts: [AccountName], _ tenant: TenantName, _ known: Set<AccountName>?
    ) async throws(StoreError) -> AuditPass {
        let keys = names.keys(of: tenant)
        for _ in 0..<5 {
            var pass = AuditPass(
                keys: keys, reader: LedgerReader(redis: redis, ledger: keys.ledger, page: page, onPage: onPage),
                replays: Dictionary(accounts.map { ($0, AccountReplay(account: $0)) }) { first, _ in first },
                span: try await LedgerSpan(redis: redis, ledger: keys.ledger), known: known)
            if try await finish(&pass, accounts) { return pass }
        }
        throw .unavailable("the ledger is trimmed faster than it can be read")
    }

    /// Replays everything; false where it must be done anew.
    private func finish(_ pass: inout AuditPass, _ accounts: [AccountName]) async throws(StoreError) -> Bool {
        pass.judgeLedger()
        guard try await pass.read(to: nil) else { return false }
        for start in stride(from: 0, to: accounts.count, by: 200) {
            let part = Array(accounts[start..<min(start + 200, accounts.count)])
            guard try await judge(&pass, part) else { return false }
        }
        return true
    }

    /// Compares these accounts as of one instant; false where everything must be done anew.
    private func judge(_ pass: inout AuditPass, _ accounts: [AccountName]) async throws(StoreError) -> Bool {
        for _ in 0..<1_000 {
            let look = try await look(pass.keys, accounts, pass.holds.slices)
            let isComplete = try await pass.holds.learn(look.holds, look.slices) { calls throws(StoreError) in
                try await read(calls, pass.keys)
            }
            if let last = look.last, try await !pass.read(to: last) { return false }
            guard isComplete else { continue }
            for (account, state) in zip(accounts, look.accounts) { pass.judge(account, state.books, epochs: state.epochs) }
            return true
        }
        throw .unavailable("holds end faster than they can be read")
    }

    /// Some accounts, the last entry, the open holds and some slices at one instant.
    private struct Look {
        var accounts: [(books: Balance?, epochs: Set<Substring>)] = []
        let last: String?
        let holds: [String]
        let slices: [(String, RedisValue)]
    }

    private func look(_ keys: TenantKeys, _ accounts: [AccountName], _ slices: [String]) async throws(StoreError) -> Look {
        let reply = try await redis.run(
            scripts.budget.look, keys: [keys.holds, keys.ledger] + accounts.map(keys.account) + slices.map { keys.holdBase.text + $0 },
            arguments: ["1", .integer(Int64(slices.count))] + BalanceText.fields + ["previous"])
        guard let parts = reply.elements, parts.count == 4, let books = parts[0].elements, let holds = parts[2].elements,
            let amounts = parts[3].elements, amounts.count == slices.count
        else { throw .corrupt("budget_look") }
        var look = Look(last: parts[1].text, holds: holds.compactMap(\.text), slices: Array(zip(slices, amounts)))
        for (values, account) in zip(books, accounts) {
            let values = values.elements ?? []
            let balance = try BalanceText.balance(Array(values.dropLast()), of: account)
            let previous = values.last?.text ?? ""
            look.accounts.append((balance, Set(previous.split(separator: " ") + [Substring(balance?.epoch ?? "")])))
        }
        return look
    }

    private func read(_ calls: [String], _ keys: TenantKeys) async throws(StoreError) -> [RedisValue] {
        let reply = try await redis.run(
            scripts.budget.look, keys: [keys.holds, keys.ledger] + calls.map { keys.holdBase.text + $0 },
            arguments: ["0", "0"] + OpenHolds.fields)
        guard let holds = reply.elements?.first?.elements, holds.count == calls.count else { throw .corrupt("holds") }
        return holds
    }
}
