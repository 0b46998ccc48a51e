import Events
package import Governance
package import Redis

/// Accounts in Redis as an operator sees and changes them.
///
/// They are listed by SCAN, so that no call of an agent pays for an index: it walks all keys of the server, a thousand at a time.
package final class RedisBudgetAdmin: BudgetAdmin {
    let redis: RedisClient
    let names: KeyNames
    let scripts: StoreScripts
    /// Milliseconds for which a request is remembered.
    static let remembered: Int64 = 86_400_000

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
    }

    package func list(of tenant: TenantName, from cursor: AccountCursor?) async throws(StoreError) -> AccountPage {
        let base = names.keys(of: tenant).accountBase.text
        let reply = try await redis.command(["SCAN", .text(cursor?.text ?? "0"), "MATCH", .text(base + "*"), "COUNT", "1000"])
        guard let parts = reply.elements, parts.count == 2, let next = parts[0].text, let keys = parts[1].elements else {
            throw .corrupt("SCAN")
        }
        let accounts = keys.compactMap { $0.text.flatMap { AccountName($0.dropFirst(base.count)) } }
        return AccountPage(names: accounts, next: next == "0" ? nil : AccountCursor(next))
    }

    package func balances(of accounts: [AccountName], tenant: TenantName) async throws(StoreError) -> [Balance?] {
        let keys = names.keys(of: tenant)
        var balances: [Balance?] = []
        for start in stride(from: 0, to: accounts.count, by: 200) {
            let batch = Array(accounts[start..<min(start + 200, accounts.count)])
            let reply = try await redis.run(
                scripts.budget.look, keys: [keys.holds, keys.ledger] + batch.map(keys.account), arguments: ["0", "0"] + BalanceText.fields)
            balances += try Self.balances(in: reply.elements?.first, of: batch)
        }
        return balances
    }

    /// The books in what `budget_look` answers first.
    static func balances(in reply: RedisValue?, of accounts: [AccountName]) throws(StoreError) -> [Balance?] {
        guard let books = reply?.elements, books.count == accounts.count else { throw .corrupt("balance") }
        var balances: [Balance?] = []
        for (values, account) in zip(books, accounts) { balances.append(try BalanceText.balance(values.elements ?? [], of: account)) }
        return balances
    }

    package func set(
        _ limit: Credits, of account: AccountName, tenant: TenantName, as request: BudgetRequest
    ) async throws(StoreError) -> BudgetAnswer {
        try await change(account, tenant, to: .integer(limit.micros), adding: 0, why: "set", request)
    }

    package func topUp(
        _ account: AccountName, by amount: Credits, tenant: TenantName, as request: BudgetRequest
    ) async throws(StoreError) -> BudgetAnswer {
        try await change(account, tenant, to: "", adding: amount.micros, why: "top_up", request)
    }

    package func resume(_ account: AccountName, tenant: TenantName, by operator: String) async throws(StoreError) -> BudgetAnswer {
        let keys = names.keys(of: tenant)
        let reply = try await redis.run(
            scripts.budget.resume, keys: [keys.account(account), keys.head, keys.audit, keys.ledger],
            arguments: [
                .text(account.text), .text(CallID().text), .text(keys.events), .bytes(who(tenant)),
                .bytes(EventFragments.data(["by": .text(`operator`)])),
            ])
        return try answer(reply, of: account)
    }

    private func change(
        _ account: AccountName, _ tenant: TenantName, to limit: RedisArgument, adding amount: Int64, why: String, _ request: BudgetRequest
    ) async throws(StoreError) -> BudgetAnswer {
        let keys = names.keys(of: tenant)
        let print = if case .integer(let micros) = limit { micros } else { amount }
        let reply = try await redis.run(
            scripts.budget.set, keys: [keys.account(account), keys.request(request.id), keys.head, keys.audit, keys.ledger],
            arguments: [
                .text(account.text), limit, .integer(amount), .text(CallID().text), .text("\(why) \(account.text) \(print)"),
                .integer(Self.remembered), .text(keys.events), .bytes(who(tenant)),
                .bytes(
                    EventFragments.data(["reason": .text(why), "by": .text(request.operator), "request": .text(request.id.text)])),
                .text(names.control), .text(ControlMessage.slicesRecalled(tenant, account).text),
            ])
        return try answer(reply, of: account)
    }

    private func answer(_ reply: RedisValue, of account: AccountName) throws(StoreError) -> BudgetAnswer {
        guard let text = reply.text else { throw .corrupt("change of a limit") }
        if let refusal = BudgetRefusal(rawValue: text) { return .refused(refusal) }
        if text == "anew" { return .anew }
        guard let space = text.firstIndex(of: " ") else { throw .corrupt("change of a limit") }
        let previous = Int64(text[..<space]).flatMap { Credits(micros: $0) }
        return .done(try BalanceText.balance(shown: text[space...].dropFirst(), of: account), previous: previous)
    }

    private func who(_ tenant: TenantName) -> [UInt8] { EventFragments.who(session: nil, token: nil, tenant: tenant, node: nil) }
}
