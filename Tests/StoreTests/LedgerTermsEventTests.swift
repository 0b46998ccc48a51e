import Fixtures
import Foundation
import Governance
import Redis
import Store
import Testing

@Suite("The events of windows, lenient accounts and superseded calls")
struct LedgerTermsEventTests {
    /// A world on a clock that the test moves, with open books, and what it has told since.
    private func scene() async throws -> (LedgerWorld, told: () async throws -> (money: [LedgerEvent], rest: [LedgerEvent])) {
        let client = try await SharedRedis.client
        let world = try await LedgerWorld.clocked(client, .clockedWatched)
        let keys = KeyNames.standard.keys(of: world.tenant)
        try await world.ledger.openBooks(of: world.tenant)
        return (
            world,
            {
                let money = try await client.events(in: keys.ledger).map { try LedgerEvent($0.id, $0.json) }
                return (money, try await client.events(in: keys.audit).map { try LedgerEvent($0.id, $0.json) })
            }
        )
    }

    private func integer(_ books: [String: Any], _ key: String) -> Int64? { (books[key] as? NSNumber)?.int64Value }

    @Test("a window's end is told once, before what is spent in the next, and each account with a window says when it ends")
    func windowReset() async throws {
        let (world, told) = try await scene()
        let now = try await world.now()
        let team = try ChargedAccount.budget("team", 10).ending(now + 100, now + 200)
        let cap = ChargedAccount.cap("c", 100)
        let holds = try await [world.held(world.charge(6, [cap, team])), world.held(world.charge(2, [cap, team]))]
        _ = try await world.ledger.settle(holds[0], cost: .micros(6), outcome: .ok)
        try await world.advance(100)
        _ = try await world.refusal(world.charge(9, [team]))
        _ = try await world.ledger.settle(holds[1], cost: .micros(2), outcome: .ok)
        _ = try await world.held(world.charge(1, [team]))
        let money = try await told().money
        #expect(money.map(\.type) == ["budget_set", "budget_set", "budget_spend", "window_reset", "budget_spend"])
        let reset = try #require(money.dropFirst(3).first)
        #expect(reset["budgetId"] == "team" && reset.accounts.count == 1)
        #expect(integer(reset.accounts[0], "spent") == 0 && integer(reset.accounts[0], "window") == now + 200)
        #expect(money[2].accounts.map { integer($0, "window") } == [nil, now + 100])
        #expect(money[4].accounts.map { integer($0, "window") } == [nil, now + 200])
        #expect(money[1].accounts.map { integer($0, "window") } == [now + 100])
    }

    @Test("adding up what is spent since each window's end gives what each account has spent, lenient ones and all")
    func currentWindow() async throws {
        let (world, told) = try await scene()
        var names: Set<AccountName> = []
        for round in 0..<250 {
            let now = try await world.now()
            let ends = WindowEnds(first: now / 50 * 50 + 50, second: now / 50 * 50 + 100)
            let accounts = try [
                .cap("c", 900_000_000), ChargedAccount.budget("strict", 9_000_000, window: ends),
                .budget("soft", 3_000_000, isLenient: true, window: ends), .budget("absent", nil, isLenient: true),
            ].filter { _ in Bool.random() }
            names.formUnion(accounts.map(\.name))
            let lease: Int64 = round.isMultiple(of: 4) ? 0 : 60_000
            let charge = try world.charge(Int64.random(in: 1...2_000_000), accounts, lease: lease)
            guard case .granted(let hold?, _, _) = try await world.ledger.reserve(charge) else { continue }
            try await world.advance(Int64.random(in: 1...30))
            if lease == 0 { _ = try await world.ledger.lapse(charge.call, of: world.tenant) }
            _ = try await world.ledger.settle(hold, cost: .micros(Int64.random(in: 0...charge.amount.micros)), outcome: .ok)
        }
        var spent: [String: Int64] = [:]
        var resets = 0
        for event in try await told().money {
            let cost = event.type == "budget_spend" ? event.micros("cost") : event.type == "late_settle" ? event.micros("charged") : 0
            for books in event.accounts {
                guard let name = books["account"] as? String else { continue }
                if event.type == "window_reset" { spent[name] = 0 } else { spent[name, default: 0] += cost }
                resets += event.type == "window_reset" ? 1 : 0
                #expect(balances(books))
            }
        }
        #expect(resets > 5)
        for name in names {
            let books = try await world.ledger.balance(of: name, tenant: world.tenant)
            #expect(books?.spent.micros ?? 0 == spent[name.text] ?? 0, "\(name.text)")
        }
    }

    private func balances(_ books: [String: Any]) -> Bool {
        let micros = { (key: String) in (books[key] as? NSNumber).map { Int64(($0.doubleValue * 1e6).rounded()) } ?? -1 }
        return micros("limit") + micros("over") == ["available", "held", "spent", "delegated"].reduce(0) { $0 + micros($1) }
    }

    @Test("an account is told to be exhausted once in each window")
    func exhausted() async throws {
        let (world, told) = try await scene()
        let now = try await world.now()
        for window in 0..<3 {
            let end = now + Int64(window) * 100
            let team = try ChargedAccount.budget("team", 10, isLenient: true).ending(end + 100, end + 200)
            for _ in 0..<3 {
                _ = try await world.ledger.settle(world.held(world.charge(10, [team])), cost: .micros(10), outcome: .ok)
            }
            try await world.advance(100)
        }
        #expect(try await told().rest.filter { $0.type == "budget_exhausted" }.count == 3)
    }

    @Test("what passes a limit is told as spent in full, and by how much the account is over")
    func over() async throws {
        let (world, told) = try await scene()
        let team = try ChargedAccount.budget("team", 4_000_000, isLenient: true)
        _ = try await world.ledger.settle(world.held(world.charge(6_000_000, [team])), cost: .micros(6_000_000), outcome: .ok)
        let spend = try #require(try await told().money.last)
        #expect(spend.type == "budget_spend" && spend.micros("cost") == 6_000_000 && spend.micros("remaining") == 0)
        #expect(spend.accounts.map { integer($0, "over") } == [2])
    }

    @Test("a superseded call is told to have cost nothing, and nothing is told to be spent")
    func superseded() async throws {
        let (world, told) = try await scene()
        let team = try ChargedAccount.budget("team", 10)
        let first = try await world.held(world.charge(4, [team], lease: 0, record: .sample("a")))
        try await world.outliveNow()
        let second = try await world.held(world.charge(4, [team], record: .sample("a")))
        for _ in 0..<2 { _ = try await world.ledger.settle(first, cost: .micros(4), outcome: .ok) }
        _ = try await world.ledger.settle(second, cost: .micros(3), outcome: .ok)
        let events = try await told()
        #expect(events.money.map(\.type) == ["budget_set", "budget_spend"])
        #expect(events.rest.map { $0.micros("cost") } == [0, 3])
        #expect(events.rest.map { $0.data["superseded"] as? Bool } == [true, nil])
    }

    @Test("a call that is recalled or refused is told by nobody here")
    func silent() async throws {
        let (world, told) = try await scene()
        let team = try ChargedAccount.budget("team", 10)
        let rate = RateLimit(subject: "tenant", interval: 3_600_000_000, burst: 1)
        let hold = try await world.held(world.charge(4, [team], record: .sample("a"), rates: [rate]))
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        let before = try await told()
        _ = try await world.recalled(world.charge(4, [team], record: .sample("a")))
        _ = try await world.refusal(world.charge(4, [team], record: .sample("a", asking: "2")))
        _ = try await world.refusal(world.charge(4, [team], rates: [rate]))
        let after = try await told()
        #expect(after.money.count == before.money.count && after.rest.count == before.rest.count)
    }
}
