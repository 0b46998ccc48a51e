import Fixtures
import Governance
import Redis
import Store
import Testing

/// A tenant of its own with its accounts, its ledger and who changes them.
struct BudgetWorld: Sendable {
    let redis: RedisClient
    let tenant: TenantName
    let admin: RedisBudgetAdmin
    let ledger: RedisLedger
    let book: LedgerWorld

    /// Watched, unless a test puts others here.
    @TaskLocal static var scripts = StoreScripts.watched

    init() async throws {
        redis = try await SharedRedis.client
        tenant = try .fresh()
        admin = RedisBudgetAdmin(redis: redis, scripts: Self.scripts)
        ledger = RedisLedger(redis: redis, scripts: Self.scripts)
        book = try LedgerWorld.redis(redis, Self.scripts, tenant)
    }

    var keys: TenantKeys { KeyNames.standard.keys(of: tenant) }

    func account(_ budget: String) throws -> AccountName { .budget(try #require(BudgetName(budget))) }

    func set(_ budget: String, _ micros: Int64, _ request: RequestName = RequestName()) async throws -> BudgetAnswer {
        try await admin.set(.micros(micros), of: account(budget), tenant: tenant, as: BudgetRequest(id: request, operator: "alice"))
    }

    func topUp(_ budget: String, _ micros: Int64, _ request: RequestName = RequestName()) async throws -> BudgetAnswer {
        try await admin.topUp(account(budget), by: .micros(micros), tenant: tenant, as: BudgetRequest(id: request, operator: "alice"))
    }

    /// What a change that must have been made came to.
    func done(_ answer: BudgetAnswer) throws -> (books: Balance, previous: Credits?) {
        guard case .done(let books, let previous) = answer else { throw FixtureError("\(answer)") }
        return (books, previous)
    }

    func balance(_ budget: String) async throws -> Balance {
        try #require(try await admin.balance(of: account(budget), tenant: tenant))
    }

    func field(_ budget: String, _ field: String) async throws -> String? {
        try await redis.send(["HGET", .text(keys.account(account(budget))), .text(field)]).text
    }

    func events(_ stream: String) async throws -> [LedgerEvent] {
        try await redis.events(in: stream).map { try LedgerEvent($0.id, $0.json) }
    }

    /// The events of the ledger.
    func money() async throws -> [LedgerEvent] { try await events(keys.ledger) }
}
