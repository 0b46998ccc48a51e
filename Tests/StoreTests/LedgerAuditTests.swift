import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("The audit of accounts", .timeLimit(.minutes(2)))
struct LedgerAuditTests {
    @Test("books that calls, lapses, late settles and operators have changed agree with their ledger, page by page")
    func clean() async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 120)
        for page in [1, 7, 500] {
            let report = try await world.audit(world.names, page: Int64(page))
            #expect(report.differences == [], "page \(page)")
            #expect(report.accounts == 3 && report.entries > 100)
        }
        let one = try await world.audit([world.account("team")])
        #expect(one.differences == [] && one.accounts == 1)
    }

    @Test("the audit is clean at any moment while calls go on", .timeLimit(.minutes(1)))
    func underLoad() async throws {
        let world = try await AuditedWorld()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await world.trade(rounds: 60) } }
            group.addTask {
                for _ in 0..<15 {
                    let found = try await world.audit(world.names).differences
                    #expect(found == [])
                }
            }
            try await group.waitForAll()
        }
        #expect(try await world.audit(world.names).differences == [])
    }

    @Test("windows that end while calls are open leave no difference")
    func windows() async throws {
        let world = try await AuditedWorld()
        var open: [Hold] = []
        var turns = 0
        while turns < 4 {
            let now = try await world.redis.serverTime()
            let ends = WindowEnds(first: (now / 40 + 1) * 40, second: (now / 40 + 2) * 40)
            let cap = ChargedAccount(name: .tenant, opening: Credits(whole: 1), window: ends)
            let charge = try world.book.charge(Int64.random(in: 1...9), [cap, .budget("team", nil, window: ends)])
            open.append(try await world.book.held(charge))
            if open.count > 5 { _ = try await world.ledger.settle(open.removeFirst(), cost: .micros(5), outcome: .ok) }
            turns = try await world.world.money().filter { $0.type == "window_reset" && $0["budgetId"] == "team" }.count
        }
        let names = [AccountName.tenant, try world.account("team")]
        #expect(try await world.audit(names).differences == [])
        let reset = try await world.world.money().filter { $0.type == "window_reset" }
        #expect(reset.allSatisfy { $0.micros("drained") == 0 && $0.micros("spent") >= 0 && $0.accounts[0]["spent"] as? Int == 0 })
        _ = try await world.redis.send(["HINCRBY", .text(world.key("team")), "spent", "1"])
        #expect(try await world.audit(names).differences.count == 1)
    }

    @Test("what was tampered with in an account is found", arguments: ["limit", "spent", "held", "delegated", "over", "epoch", "version"])
    func tampered(_ field: String) async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 20)
        _ = try await world.book.held(world.book.charge(5, [.budget("team", nil)]))
        let value: RedisArgument = field == "epoch" ? "elsewhere" : field == "version" ? "1" : "3"
        _ = try await world.redis.send(["HSET", .text(world.key("team")), .text(field), value])
        let found = try await world.audit([world.account("team")]).differences
        #expect(found.contains { $0.what.contains(field) && $0.account?.text == "team" && $0.entry == nil }, "\(found)")
        #expect(try await world.audit([world.account("other")]).differences == [])
    }

    @Test("an account that is gone is found, and so is a hold that was taken off the list, or changed")
    func missing() async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 20)
        let hold = try await world.book.held(world.book.charge(5, [.budget("team", nil)]))
        #expect(try await world.audit(world.names).differences == [])
        _ = try await world.redis.send(["HSET", .text(world.keys.hold(hold.charge.call)), "amount", "6"])
        #expect(try await world.audit(world.names).differences.map(\.what) == ["held is 0.000005, by the open holds 0.000006"])
        _ = try await world.redis.send(["ZREM", .text(world.keys.holds), .text(hold.charge.call.text)])
        #expect(try await world.audit(world.names).differences.map(\.what) == ["held is 0.000005, by the open holds 0"])
        _ = try await world.redis.send(["DEL", .text(world.key("team"))])
        #expect(try await world.audit([world.account("team")]).differences.first?.what == "the account is missing")
        #expect(try await world.audit([world.account("team")]).differences.count == 1)
        let all = try await world.audit([.tenant, world.account("other")], isExact: false)
        #expect(all.differences.map(\.description) == ["team: the account is missing"] && all.accounts == 3)
        #expect(try await world.audit([], isExact: false).accounts == 3)
        let unknown = try await world.audit([world.account("nobody")]).differences
        #expect(unknown.map(\.what) == ["no such account"])
    }

    @Test("an entry that is missing, changed, doubled or out of order is found", arguments: Forgery.all)
    private func forged(_ forgery: Forgery) async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 30)
        var entries = try await world.redis.events(in: world.keys.ledger)
        try forgery.change(&entries)
        _ = try await world.redis.send(["DEL", .text(world.keys.ledger)])
        for entry in entries {
            _ = try await world.redis.send(["XADD", .text(world.keys.ledger), .text(entry.id), "event", .text(entry.json)])
        }
        let found = try await world.audit(world.names).differences
        #expect(!found.isEmpty && found.count <= 8, "\(found)")
        #expect(found.contains { $0.what.contains(forgery.told) }, "\(found)")
    }

    @Test("an entry deleted where it stands is missed, whatever it did")
    func deleted() async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 30)
        let lapse = try #require(try await world.redis.events(in: world.keys.ledger).last { $0.json.contains("\"hold_lapsed\"") })
        _ = try await world.redis.send(["XDEL", .text(world.keys.ledger), .text(lapse.id)])
        let found = try await world.audit(world.names).differences
        #expect(found.map(\.what) == ["entry \(lapse.id) was deleted, though older ones are there"])
    }

    @Test("a ledger whose oldest entries were trimmed is replayed from the first that is left")
    func trimmed() async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 60)
        for left in [40, 7, 1, 0] {
            _ = try await world.redis.send(["XTRIM", .text(world.keys.ledger), "MAXLEN", "=", .integer(Int64(left))])
            let report = try await world.audit(world.names)
            #expect(report.differences == [] && report.entries == left)
        }
        try await world.trade(rounds: 10)
        #expect(try await world.audit(world.names).differences == [])
    }

    @Test("a limit that was set, by hand or by the document, and an account that went on after a rollback, leave no difference")
    func operated() async throws {
        let world = try await AuditedWorld()
        try await world.trade(rounds: 10)
        _ = try await world.world.done(world.world.set("team", 7_000_000))
        _ = try await world.world.done(world.world.topUp("team", 90_000_000))
        let hold = try await world.book.held(world.book.charge(5, [.budget("team", nil)]))
        _ = try await world.world.done(world.world.admin.resume(world.account("team"), tenant: world.tenant, by: "alice"))
        #expect(try await world.audit(world.names).differences == [])
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        try await world.trade(rounds: 10)
        #expect(try await world.audit(world.names).differences == [])
    }
}

/// A change to a ledger's entries.
private struct Forgery: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let told: String
    let change: @Sendable (inout [(id: String, json: String)]) throws -> Void

    static let all = [
        Forgery(testDescription: "a missing spend", told: "spent is") { entries in
            entries.remove(at: try #require(entries.firstIndex { $0.json.contains("\"budget_spend\"") }))
        },
        Forgery(testDescription: "the last spend missing", told: "spent is") { entries in
            entries.remove(at: try #require(entries.lastIndex { $0.json.contains("\"budget_spend\"") }))
        },
        Forgery(testDescription: "a missing change of a limit", told: "limit") { entries in
            entries.remove(at: try #require(entries.firstIndex { $0.json.contains("\"top_up\"") }))
        },
        Forgery(testDescription: "a doubled spend", told: "by its own account") { entries in
            let at = try #require(entries.firstIndex { $0.json.contains("\"budget_spend\"") })
            entries.append((id: "\(entries.count + 100_000)-0", json: entries[at].json))
        },
        Forgery(testDescription: "a spend that is doubled with another number", told: "version") { entries in
            let last = try #require(entries.last { $0.json.contains("\"budget_spend\"") })
            let number = last.id.dropLast(2)
            entries.append((id: "900000-0", json: last.json.replacing("\"seq\":\(number),", with: "\"seq\":900000,")))
        },
        Forgery(testDescription: "a cost that was changed", told: "spent is") { entries in
            let at = try #require(entries.firstIndex { $0.json.contains("\"budget_spend\"") })
            entries[at].json.replace(#/"cost":[0-9.]+/#, with: "\"cost\":99")
        },
        Forgery(testDescription: "balances that were changed", told: "limit + over is not") { entries in
            let at = try #require(entries.lastIndex { $0.json.contains("\"budget_spend\"") })
            entries[at].json.replace(#/"held":[0-9.]+/#, with: "\"held\":99")
        },
        Forgery(testDescription: "an entry that is none", told: "cannot be read") { entries in entries[3].json = "{}" },
    ]
}

/// A tenant with three accounts in which much happens.
struct AuditedWorld: Sendable {
    let world: BudgetWorld

    init() async throws {
        world = try await BudgetWorld()
        try await world.ledger.openBooks(of: world.tenant)
        _ = try await world.done(world.set("team", 60_000_000))
    }

    var book: LedgerWorld { world.book }
    var ledger: RedisLedger { world.ledger }
    var redis: RedisClient { world.redis }
    var tenant: TenantName { world.tenant }
    var keys: TenantKeys { world.keys }
    var names: [AccountName] { get throws { [.tenant, try account("team"), try account("other")] } }
    func account(_ name: String) throws -> AccountName { try world.account(name) }
    func key(_ name: String) throws -> String { keys.account(try account(name)) }

    func audit(_ accounts: [AccountName], page: Int64 = 500, isExact: Bool = true) async throws -> AuditReport {
        try await RedisLedgerAudit(redis: redis, scripts: BudgetWorld.scripts, page: page).audit(accounts, of: tenant, isExact: isExact) {
            _ in
        }
    }

    /// Calls that are settled, released, lapse and are settled late, and a top-up now and then.
    func trade(rounds: Int) async throws {
        let cap = ChargedAccount(name: .tenant, opening: Credits(whole: 2_000))
        for round in 0..<rounds {
            let budget = try ChargedAccount.budget(round.isMultiple(of: 3) ? "other" : "team", 900_000_000)
            let charge = try book.charge(
                Int64.random(in: 1...900_000), [cap, budget], lease: round.isMultiple(of: 5) ? 0 : 60_000)
            guard case .granted(let hold?, _, _) = try await ledger.reserve(charge) else { continue }
            if round % 11 == 1 { _ = try await world.topUp("team", 1_000_000) }
            if round.isMultiple(of: 5) {
                try await book.outliveNow()
                _ = try await ledger.lapse(charge.call, of: tenant)
            }
            if round.isMultiple(of: 7), !round.isMultiple(of: 5) {
                _ = try await ledger.release(hold, outcome: .unsent)
            } else {
                _ = try await ledger.settle(hold, cost: .micros(Int64.random(in: 0...charge.amount.micros)), outcome: .ok)
            }
        }
    }
}
