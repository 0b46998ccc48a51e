import Fixtures
import Governance
import Redis
import Store
import Testing

/// A ledger with what surrounds it and one tenant whose books are not open yet.
struct LedgerWorld: Sendable {
    let tenant: TenantName
    let ledger: any Ledger & Rounds & CallRecords
    let sessions: any SessionDirectory
    /// Unix milliseconds on its clock.
    let now: @Sendable () async throws -> Int64
    /// Returns when so many milliseconds have passed on its clock.
    let advance: @Sendable (_ milliseconds: Int64) async throws -> Void
    let intervene: @Sendable (Intervention) async throws -> Void

    /// Returns when a lease that ended now is over.
    func outliveNow() async throws { try await advance(2) }
    func revoke(_ token: TokenID) async throws { try await intervene(.revoke(token)) }

    /// What happens to the books from outside the ledger.
    enum Intervention: Sendable {
        case revoke(TokenID)
        case remove(AccountName)
        /// The account has lost writes.
        case mark(AccountName)
        /// It may go on, under another epoch.
        case resume(AccountName, epoch: String)
        /// It gave away `sum`, of which `drained` leaves it with the next window.
        case delegate(AccountName, sum: Credits, drained: Credits)
    }

    static func inMemory(_ tenant: TenantName? = nil, _ clock: ManualClock = ManualClock(), limits: LedgerLimits = LedgerLimits()) throws
        -> LedgerWorld
    {
        let tenant = try tenant ?? .fresh()
        let sessions = InMemorySessionDirectory(clock: clock)
        let ledger = InMemoryLedger(clock: clock, sessions: sessions, limits: limits)
        return LedgerWorld(
            tenant: tenant, ledger: ledger, sessions: sessions, now: { clock.now }, advance: { clock.advance(by: $0) },
            intervene: { intervention in
                switch intervention {
                case .revoke(let token): ledger.revoke(token, of: tenant)
                case .remove(let account): ledger.remove(account, of: tenant)
                case .mark(let account): ledger.mark(account, of: tenant)
                case .resume(let account, let epoch): ledger.resume(account, of: tenant, as: epoch)
                case .delegate(let account, let sum, let drained): ledger.delegate(sum, drained: drained, from: account, of: tenant)
                }
            })
    }

    static func redis(
        _ client: RedisClient, _ scripts: StoreScripts = .embedded, _ tenant: TenantName? = nil, limits: LedgerLimits = LedgerLimits()
    ) throws -> LedgerWorld {
        redis(
            client, scripts, try tenant ?? .fresh(), limits, now: { try await client.serverTime() },
            advance: { milliseconds in
                let end = try await client.serverTime() + milliseconds
                while try await client.serverTime() < end { try await Task.sleep(for: .milliseconds(1)) }
            })
    }

    /// In Redis, by scripts whose clock stands until the test moves it.
    static func clocked(
        _ client: RedisClient, _ scripts: StoreScripts, _ tenant: TenantName? = nil, limits: LedgerLimits = LedgerLimits()
    ) async throws -> LedgerWorld {
        let tenant = try tenant ?? .fresh()
        return clocked(client, scripts, tenant, try await RedisClock(client, of: tenant), limits: limits)
    }

    static func clocked(
        _ client: RedisClient, _ scripts: StoreScripts, _ tenant: TenantName, _ clock: RedisClock, limits: LedgerLimits = LedgerLimits()
    ) -> LedgerWorld {
        redis(client, scripts, tenant, limits, now: { clock.clock.now }, advance: { try await clock.advance(by: $0) })
    }

    private static func redis(
        _ client: RedisClient, _ scripts: StoreScripts, _ tenant: TenantName, _ limits: LedgerLimits,
        now: @escaping @Sendable () async throws -> Int64, advance: @escaping @Sendable (Int64) async throws -> Void
    ) -> LedgerWorld {
        LedgerWorld(
            tenant: tenant,
            ledger: RedisLedger(
                redis: client, scripts: scripts, remembered: limits.remembered, reportLimit: limits.report,
                reportsLimit: Int64(limits.reports), remembering: 0),
            sessions: RedisSessionDirectory(redis: client, scripts: scripts), now: now, advance: advance,
            intervene: { try await client.intervene($0, KeyNames.standard.keys(of: tenant)) })
    }
}

extension RedisClient {
    /// What an operator's script would do.
    fileprivate func intervene(_ intervention: LedgerWorld.Intervention, _ keys: TenantKeys) async throws {
        switch intervention {
        case .revoke(let token): _ = try await send(["ZADD", .text(keys.revoked), "1", .text(token.text)])
        case .remove(let account): _ = try await send(["DEL", .text(keys.account(account))])
        case .mark(let account): try await change(account, keys, "mark", 1)
        case .resume(let account, let epoch):
            let key = keys.account(account)
            guard let old = try await send(["HGET", .text(key), "epoch"]).text else { return }
            let previous = try await send(["HGET", .text(key), "previous"]).text
            try await change(
                account, keys, "epoch", .text(epoch), "previous", .text([previous, old].compactMap { $0 }.joined(separator: " ")))
            _ = try await send(["HDEL", .text(key), "mark"])
        case .delegate(let account, let sum, let drained):
            let key: RedisArgument = .text(keys.account(account))
            let used = (try await send(["HMGET", key, "held", "spent"]).elements ?? []).reduce(sum.micros) { $0 + ($1.number ?? 0) }
            let over = max(0, used - (try await send(["HGET", key, "limit"]).number ?? 0))
            try await change(
                account, keys, "delegated", .integer(sum.micros), "drained", .integer(drained.micros), "over", .integer(over))
        }
    }

    private func change(_ account: AccountName, _ keys: TenantKeys, _ fields: RedisArgument...) async throws {
        let key: RedisArgument = .text(keys.account(account))
        if try await send(["EXISTS", key]).number == 1 { _ = try await send(["HSET", key] + fields) }
    }
}
