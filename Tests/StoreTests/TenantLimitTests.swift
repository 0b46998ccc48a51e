import Fixtures
import Foundation
import Governance
import Redis
import Store
import Testing

@Suite("Limits that a tenant's document states", .timeLimit(.minutes(1)))
struct TenantLimitTests {
    @Test("a limit stated otherwise than before becomes the account's, with its event; an account not made yet stays unmade")
    func changes() async throws {
        let world = try await TenantLimits()
        try await world.apply(["team": 10, "idle": 5], cap: 100)
        try await world.use(["team": 10], cap: 100)
        try await world.apply(["team": 20, "idle": 6], cap: 90)
        #expect(try await world.limit(of: "team") == 20)
        #expect(try await world.limit(of: nil) == 90)
        #expect(try await world.limit(of: "idle") == nil)
        let set = try await world.changes()
        #expect(set.map { $0["budgetId"] } == ["_tenant", "team"])
        #expect(
            set.map { $0.micros("limit") } == [90_000_000, 20_000_000] && set.map { $0.micros("previous") } == [100_000_000, 10_000_000])
        #expect(set.allSatisfy { $0.data["reason"] as? String == "document" && $0.data["by"] as? String == "bob" })
        #expect(set.last?.accounts.first?["version"] as? Int == 4)
        let told = try await world.told()
        #expect(told.last?.type == "tenant_changed" && told.last?.data["by"] as? String == "bob")
        #expect(Set((told + set).map(\.epoch)).count == 1)
    }

    @Test("what an operator set stays while the document states the limit as before")
    func kept() async throws {
        let world = try await TenantLimits()
        try await world.apply(["team": 10])
        try await world.use(["team": 10])
        try await world.set("team", 15)
        try await world.apply(["team": 10, "other": 1])
        #expect(try await world.limit(of: "team") == 15)
        try await world.apply(["team": 15, "other": 1])
        try await world.apply(["team": 10, "other": 1])
        #expect(try await world.limit(of: "team") == 10)
        #expect(try await world.changes().count == 2, "one by hand, one by the document")
    }

    @Test("a limit below what is used makes `over` grow, and one that is stated for the first time counts")
    func lowers() async throws {
        let world = try await TenantLimits()
        try await world.apply(["team": 10])
        try await world.use(["team": 10])
        try await world.apply([:])
        try await world.set("team", 30)
        try await world.apply(["team": 0])
        let books = try await world.books("team")
        #expect(books.limit == .zero && books.over == .micros(1_000_000) && books.available == .zero)
        #expect(try await world.store.delete(world.tenant, of: nil))
        try await world.apply(["team": 7])
        #expect(try await world.limit(of: "team") == 7)
    }

    @Test("a document that yields, or is the same, changes no limit")
    func yields() async throws {
        let world = try await TenantLimits()
        try await world.apply(["team": 10])
        try await world.use(["team": 10])
        try await world.set("team", 12)
        try await world.apply(["team": 10])
        _ = try await world.store.apply(world.document(["team": 99], cap: nil), as: .file, yielding: true)
        #expect(try await world.limit(of: "team") == 12)
    }

    @Test("where an account cannot be read nothing is applied")
    func corrupt() async throws {
        let world = try await TenantLimits()
        try await world.apply(["team": 10])
        _ = try await world.redis.send(["SET", .text(world.keys.account(world.account("team"))), "x"])
        await #expect(throws: StoreError.self) { try await world.apply(["team": 11]) }
        #expect(try await world.store.find(world.tenant)?.version == 1)
    }
}

/// A tenant whose document changes while its accounts are used.
private struct TenantLimits {
    let redis: RedisClient
    let tenant: TenantName
    let store: RedisTenantStore
    let world: BudgetWorld

    init() async throws {
        world = try await BudgetWorld()
        (redis, tenant) = (world.redis, world.tenant)
        store = RedisTenantStore(redis: redis, scripts: BudgetWorld.scripts, operator: "bob")
    }

    var keys: TenantKeys { world.keys }
    func account(_ budget: String?) throws -> AccountName { try budget.map { try world.account($0) } ?? .tenant }

    func document(_ budgets: [String: Int64], cap: Int64?) throws -> Tenant {
        var limits: [BudgetName: BudgetTerms] = [:]
        for (name, limit) in budgets { limits[try #require(BudgetName(name))] = BudgetTerms(limit: .micros(limit * Credits.scale)) }
        return Tenant(
            name: tenant, upstreams: [], tariff: Tariff(base: .zero), budgets: limits,
            cap: cap.map { BudgetTerms(limit: .micros($0 * Credits.scale)) })
    }

    func apply(_ budgets: [String: Int64], cap: Int64? = nil) async throws {
        _ = try await store.apply(document(budgets, cap: cap), as: .apply, yielding: false)
    }

    /// Spends one credit in each account, which are made with these limits.
    func use(_ budgets: [String: Int64], cap: Int64? = nil) async throws {
        var accounts = cap.map { [ChargedAccount(name: .tenant, opening: Credits(whole: $0))] } ?? []
        for (name, limit) in budgets { accounts.append(try .budget(name, limit * 1_000_000)) }
        let hold = try await world.book.held(world.book.charge(1_000_000, accounts))
        _ = try await world.ledger.settle(hold, cost: .micros(1_000_000), outcome: .ok)
    }

    func set(_ budget: String, _ limit: Int64) async throws { _ = try await world.done(world.set(budget, limit * 1_000_000)) }

    func books(_ budget: String?) async throws -> Balance {
        try #require(try await world.admin.balance(of: account(budget), tenant: tenant))
    }

    /// In whole credits; nil where there is no account.
    func limit(of budget: String?) async throws -> Int64? {
        try await world.admin.balance(of: account(budget), tenant: tenant).map { $0.limit.micros / Credits.scale }
    }

    /// The events of limits that were changed.
    func changes() async throws -> [LedgerEvent] {
        try await world.money().filter { $0.type == "budget_set" && !($0.data["previous"] is NSNull) }
    }

    func told() async throws -> [LedgerEvent] { try await world.events(keys.audit) }
}
