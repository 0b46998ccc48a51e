import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Attacks on a tenant's money")
struct LedgerAttackTests {
    private func scene(_ subject: LedgerUnderTest, _ limit: Int64 = 100) async throws -> (LedgerWorld, ChargedAccount) {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        return (world, try .budget("team", limit))
    }

    @Test(
        "a delayed duplicate of a reserve holds nothing once its call was given up, not even under its key", arguments: LedgerUnderTest.all)
    func delayedReserve(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let rate = RateLimit(subject: "tenant", interval: 3_600_000_000, burst: 1)
        let charge = try world.charge(4, [team], record: .sample("a"), rates: [rate])
        #expect(try await world.ledger.release(Hold(charge: charge), outcome: .unsent).state == .released)
        #expect(try await world.refusal(charge) == .ended(.released))
        #expect(try await world.recall(.sample("a")) == .nothing)
        #expect(try await world.ledger.balance(of: team.name, tenant: world.tenant) == nil)
        _ = try await world.held(world.charge(4, [team], record: .sample("a"), rates: [rate]))
    }

    @Test("of many settles after the lapse one is charged, and what is left is never passed", arguments: LedgerUnderTest.all)
    func settleAfterLapse(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject, 10)
        var late: [Hold] = []
        for _ in 0..<3 {
            let hold = try await world.held(world.charge(4, [team], lease: 0))
            try await world.outliveNow()
            _ = try await world.ledger.lapse(hold.charge.call, of: world.tenant)
            late.append(hold)
        }
        let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
            for hold in late {
                for _ in 0..<8 { group.addTask { try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(receipts.allSatisfy { $0.state == .lateSettled } && Set(receipts.map(\.charged)) == [.micros(4), .micros(2)])
        try await expectBooks(world, team) { $0.spent == .micros(10) && $0.over == .zero && $0.held == .zero }
    }

    @Test("a slow node and the one that took its call over charge once between them, whoever comes first", arguments: LedgerUnderTest.all)
    func raceForRecord(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject, 10_000)
        for round in 0..<40 {
            let name = try #require(RecordName(CallID().text + CallID().text))
            let record = CallRecord(name: name, fingerprint: String(repeating: "1", count: 64))
            let slow = try await world.held(world.charge(4, [team], lease: 0, record: record))
            try await world.outliveNow()
            async let first = world.ledger.settle(slow, cost: .micros(4), outcome: .ok, report: [1])
            async let second = retry(world, try world.charge(4, [team], record: record))
            let charged = try await (first.charged, second?.charged)
            #expect([[4, 0], [0, 4]].contains([charged.0.micros, charged.1?.micros ?? 0]))
            try await expectBooks(world, team) { $0.spent.micros == 4 * Int64(round + 1) && $0.held == .zero }
        }
    }

    /// Runs the call unless it is known; nil where it is.
    private func retry(_ world: LedgerWorld, _ charge: Charge) async throws -> Receipt? {
        guard case .granted(let hold?, _, _) = try await world.ledger.reserve(charge) else { return nil }
        return try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok, report: [2])
    }

    @Test("holds that stay open over a window's end free nothing: no window passes its limit", arguments: LedgerUnderTest.clocked)
    func holdsOverWindows(_ subject: LedgerUnderTest) async throws {
        let (world, plain) = try await scene(subject, 10)
        var open: [Hold] = []
        for window in 0..<6 {
            let now = try await world.now()
            let team = plain.ending(now - now % 100 + 100, now - now % 100 + 200)
            for amount in [4, 3, 2, 1] as [Int64] {
                if case .granted(let hold?, _, _) = try await world.ledger.reserve(world.charge(amount, [team])) { open.append(hold) }
            }
            try await expectBooks(world, team) { $0.available == .zero && $0.over == .zero }
            if !window.isMultiple(of: 2), let hold = open.popLast() {
                _ = try await world.ledger.settle(hold, cost: hold.charge.amount, outcome: .ok)
                try await expectBooks(world, team) { $0.spent == hold.charge.amount && $0.over == .zero }
            }
            try await world.advance(100)
        }
    }

    @Test(
        "another agent's key is another call, whatever it asks: nothing is told, taken over, noted or freed", arguments: LedgerUnderTest.all
    )
    func anotherKey(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let victim = try await world.held(world.charge(4, [team], record: .sample("a")))
        let call = victim.charge.call
        let thief = try await world.held(world.charge(1, [team], record: .sample("b", supplants: call)))
        #expect(try await world.ledger.note([6], of: thief.charge.call, in: CallRecord.sample("a").name, of: world.tenant) == false)
        let borrowed = try world.charge(1, [team], call: thief.charge.call, record: .sample("a"))
        #expect(try await world.ledger.settle(Hold(charge: borrowed), cost: .micros(1), outcome: .ok, report: [6]).state == .superseded)
        #expect(try await world.recall(.sample("a")) == .running(call: call, node: .sample))
        #expect(try await world.ledger.settle(victim, cost: .micros(4), outcome: .ok, report: [1]).charged == .micros(4))
        #expect(try await world.recall(.sample("b")) != .done(charged: .micros(4), report: [1]))
    }

    @Test("after FLUSHALL between reserve and settle nothing is charged, recorded or granted")
    func flushAll() async throws {
        try await PrivateRedis.run { redis in
            let world = try LedgerWorld.redis(redis.client)
            try await world.ledger.openBooks(of: world.tenant)
            let team = try ChargedAccount.budget("team", 10, isLenient: true)
            let hold = try await world.held(world.charge(4, [team], record: .sample("a")))
            _ = try await redis.client.send(["FLUSHALL"])
            let receipt = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok, report: [1])
            #expect(receipt == Receipt(state: .unknown, charged: .zero, remaining: nil))
            #expect(try await world.recall(.sample("a")) == .nothing)
            #expect(try await world.refusal(world.charge(1, [.budget("team", 10)])) == .noAccount(team.name))
            #expect(try await world.excess(world.charge(1, [team])) == .noAccount(team.name), "only observed, it goes on without books")
        }
    }

    @Test("a call whose record was lost costs nothing, for it may be run again")
    func lostRecord() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let record = try CallRecord.sample("a")
        let hold = try await world.held(world.charge(4, [team], record: record))
        _ = try await client.send(["DEL", .text(KeyNames.standard.keys(of: world.tenant).record(record.name))])
        let open = OpenHold(call: hold.charge.call, record: record.name)
        #expect(try await world.ledger.extend([open], of: world.tenant, lease: 60_000) == [hold.charge.call: .open])
        #expect(try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok).state == .superseded)
        try await expectBooks(world, team) { $0.spent == .zero && $0.held == .zero }
    }
}
