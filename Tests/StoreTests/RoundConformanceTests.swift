import Fixtures
import Governance
import Testing

@Suite("What every ledger does about calls that wait for their agent")
struct RoundConformanceTests {
    /// A world with open books and a hold of 4 whose lease is a moment.
    private func scene(_ subject: LedgerUnderTest) async throws -> (LedgerWorld, ChargedAccount, Hold) {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        return (world, team, try await world.held(world.charge(4, [team], lease: 0)))
    }

    @Test("a round is taken once: a repeat of who took it is answered alike, another has come too late", arguments: LedgerUnderTest.all)
    func once(_ subject: LedgerUnderTest) async throws {
        let (world, team, hold) = try await scene(subject)
        let round = world.round(1, of: hold.charge)
        let (first, second) = (CallID(), CallID())
        #expect(try await world.ledger.park(round, life: 60_000) == .parked)
        #expect(try await world.ledger.park(round, life: 60_000) == .parked)
        #expect(try await world.ledger.take(round, by: first, of: [.sample("a")], lease: 60_000) == .taken)
        #expect(try await world.ledger.take(round, by: first, of: [.sample("a")], lease: 60_000) == .taken)
        #expect(try await world.ledger.take(round, by: second, of: [.sample("a")], lease: 60_000) == .used)
        #expect(try await world.ledger.park(round, life: 60_000) == .parked, "a repeat that comes late opens nothing")
        #expect(try await world.ledger.take(round, by: second, of: [.sample("a")], lease: 60_000) == .used)
        #expect(try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok).charged == .micros(4))
        #expect(try await world.ledger.take(round, by: second, of: [.sample("a")], lease: 60_000) == .used)
        #expect(try await world.balance(team).spent == .micros(4))
    }

    @Test("each round follows the one before it, and none may be taken ahead of its time", arguments: LedgerUnderTest.all)
    func rounds(_ subject: LedgerUnderTest) async throws {
        let (world, _, hold) = try await scene(subject)
        let taker = CallID()
        for number in 1...3 {
            let round = world.round(number, of: hold.charge)
            #expect(try await world.ledger.take(round, by: taker, of: [], lease: 60_000) == .expired)
            #expect(try await world.ledger.park(round, life: 60_000) == .parked)
            #expect(try await world.ledger.take(round, by: taker, of: [], lease: 60_000) == .taken)
            for earlier in 1..<number {
                #expect(try await world.ledger.take(world.round(earlier, of: hold.charge), by: taker, of: [], lease: 60_000) == .used)
            }
        }
    }

    @Test("while a call waits its hold lives as long, and nothing shortens its lease", arguments: LedgerUnderTest.all)
    func lease(_ subject: LedgerUnderTest) async throws {
        let (world, _, hold) = try await scene(subject)
        let (call, tenant) = (hold.charge.call, world.tenant)
        #expect(try await world.ledger.park(world.round(1, of: hold.charge), life: 60_000) == .parked)
        #expect(try await world.ledger.extend([call], of: tenant, lease: 0) == [call: .open])
        try await world.outliveNow()
        #expect(try await world.ledger.lapse(call, of: tenant) == .open)
        #expect(try await world.ledger.take(world.round(1, of: hold.charge), by: CallID(), of: [], lease: 0) == .taken)
        try await world.outliveNow()
        #expect(try await world.ledger.extend([call], of: tenant, lease: 60_000) == [call: .open])
        #expect(try await world.ledger.lapse(call, of: tenant) == .open)
    }

    @Test("a call whose agent never comes back lapses, and waits no more", arguments: LedgerUnderTest.all)
    func noRetry(_ subject: LedgerUnderTest) async throws {
        let (world, team, hold) = try await scene(subject)
        let round = world.round(1, of: hold.charge)
        #expect(try await world.ledger.park(round, life: 1) == .parked)
        try await world.outliveNow()
        try await world.outliveNow()
        #expect(try await world.ledger.lapse(hold.charge.call, of: world.tenant) == .lapsed)
        #expect(try await world.ledger.take(round, by: CallID(), of: [], lease: 60_000) == .expired)
        #expect(try await world.ledger.park(world.round(2, of: hold.charge), life: 60_000) == .ended)
        #expect(try await world.balance(team).available == .micros(10))
    }

    @Test("a call without a hold waits and is taken up like any other", arguments: LedgerUnderTest.all)
    func free(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let round = world.round(1, of: try world.charge(0, []))
        #expect(try await world.ledger.take(round, by: CallID(), of: [], lease: 5_000) == .expired)
        #expect(try await world.ledger.park(round, life: 60_000) == .parked)
        #expect(try await world.ledger.take(round, by: CallID(), of: [], lease: 5_000) == .taken)
        #expect(try await world.ledger.take(round, by: CallID(), of: [], lease: 5_000) == .used)
        #expect(try await world.ledger.due(of: world.tenant, limit: 5) == DueHolds(calls: [], anyOpen: false))
    }

    @Test("a revoked token takes nothing, and leaves the round to others", arguments: LedgerUnderTest.all)
    func revoked(_ subject: LedgerUnderTest) async throws {
        let (world, _, hold) = try await scene(subject)
        let round = world.round(1, of: hold.charge)
        #expect(try await world.ledger.park(round, life: 60_000) == .parked)
        try await world.revoke(.sample("b"))
        #expect(try await world.ledger.take(round, by: CallID(), of: [.sample("a"), .sample("b")], lease: 5_000) == .revoked)
        #expect(try await world.ledger.take(round, by: CallID(), of: [.sample("a")], lease: 5_000) == .taken)
    }

    @Test("of 32 that take a round at once, exactly one has it", arguments: LedgerUnderTest.all)
    func concurrent(_ subject: LedgerUnderTest) async throws {
        let (world, _, hold) = try await scene(subject)
        let round = world.round(1, of: hold.charge)
        #expect(try await world.ledger.park(round, life: 60_000) == .parked)
        let taken = try await withThrowingTaskGroup(of: Taking.self) { group in
            for _ in 0..<32 { group.addTask { try await world.ledger.take(round, by: CallID(), of: [], lease: 60_000) } }
            return try await group.reduce(0) { $0 + ($1 == .taken ? 1 : 0) }
        }
        #expect(taken == 1)
    }
}
