import Fixtures
import Governance
import Testing

@Suite("What every ledger does about windows")
struct LedgerWindowTests {
    /// A world with open books, an account of 10 whose window ends in 100 ms, the next one a second later, and both times.
    private func scene(_ subject: LedgerUnderTest) async throws -> (LedgerWorld, ChargedAccount, ends: (Int64, Int64)) {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let first = try await world.now() + 100
        return (world, try ChargedAccount.budget("team", 10).ending(first, first + 1_000), (first, first + 1_000))
    }

    @Test("a window begins with the first call and ends when it was said to", arguments: LedgerUnderTest.clocked)
    func first(_ subject: LedgerUnderTest) async throws {
        let (world, team, ends) = try await scene(subject)
        let hold = try await world.held(world.charge(6, [team]))
        #expect(try await world.balance(team).windowEnd == ends.0)
        _ = try await world.ledger.settle(hold, cost: .micros(6), outcome: .ok)
        try await world.advance(99)
        let refusal = ReservationRefusal.insufficient(team.name, available: .micros(4), held: .zero)
        #expect(try await world.refusal(world.charge(5, [team])) == refusal)
        try await world.advance(1)
        _ = try await world.held(world.charge(10, [team]))
        let books = try await world.balance(team)
        #expect(books.windowEnd == ends.1 && books.spent == .zero && books.held == .micros(10))
    }

    @Test("what is held stays held in the next window, and is charged to the one in which it settles", arguments: LedgerUnderTest.clocked)
    func openHolds(_ subject: LedgerUnderTest) async throws {
        let (world, team, ends) = try await scene(subject)
        let spent = try await world.held(world.charge(3, [team]))
        let open = try await world.held(world.charge(4, [team]))
        _ = try await world.ledger.settle(spent, cost: .micros(3), outcome: .ok)
        try await world.advance(100)
        #expect(
            try await world.refusal(world.charge(7, [team])) == .insufficient(team.name, available: .micros(6), held: .micros(4)),
            "judged by the new window")
        let before = try await world.balance(team)
        #expect(before.spent == .micros(3) && before.windowEnd == ends.0, "a refused call begins none")
        #expect(try await world.ledger.settle(open, cost: .micros(2), outcome: .ok).remaining == .micros(8))
        let books = try await world.balance(team)
        #expect(books.spent == .micros(2) && books.held == .zero && books.windowEnd == ends.1)
        #expect(books.version == before.version + 2)
    }

    @Test("a hold that lapsed in the last window is charged late to this one, as far as there is room", arguments: LedgerUnderTest.clocked)
    func late(_ subject: LedgerUnderTest) async throws {
        let (world, team, _) = try await scene(subject)
        let lapsed = try await world.held(world.charge(5, [team], lease: 0))
        try await world.outliveNow()
        _ = try await world.ledger.lapse(lapsed.charge.call, of: world.tenant)
        let other = try await world.held(world.charge(10, [team]))
        _ = try await world.ledger.settle(other, cost: .micros(10), outcome: .ok)
        try await world.advance(100)
        #expect(
            try await world.ledger.settle(lapsed, cost: .micros(5), outcome: .ok)
                == Receipt(state: .lateSettled, charged: .micros(5), remaining: .micros(5)))
        #expect(try await world.balance(team).spent == .micros(5))
    }

    @Test("a node that slept through both ends begins no window", arguments: LedgerUnderTest.clocked)
    func stale(_ subject: LedgerUnderTest) async throws {
        let (world, team, ends) = try await scene(subject)
        let hold = try await world.held(world.charge(6, [team]))
        try await world.advance(2_000)
        _ = try await world.ledger.settle(hold, cost: .micros(6), outcome: .ok)
        try await expectBooks(world, team) { $0.windowEnd == ends.0 && $0.spent == .micros(6) }
        let now = try await world.now()
        _ = try await world.held(world.charge(10, [team.ending(now - 5, now + 700)]))
        try await expectBooks(world, team) { $0.windowEnd == now + 700 && $0.spent == .zero }
        _ = try await world.refusal(world.charge(1, [team.ending(now + 300, now + 400)]))
        #expect(try await world.balance(team).windowEnd == now + 700, "the window that runs ends as it was begun")
    }

    @Test("with the next window what ended children spent leaves what was given away", arguments: LedgerUnderTest.clocked)
    func delegated(_ subject: LedgerUnderTest) async throws {
        let (world, team, _) = try await scene(subject)
        _ = try await world.held(world.charge(1, [team]))
        try await world.intervene(.delegate(team.name, sum: .micros(8), drained: .micros(3)))
        _ = try await world.refusal(world.charge(2, [team]))
        try await world.advance(100)
        _ = try await world.held(world.charge(4, [team]))
        let books = try await world.balance(team)
        #expect(books.delegated == .micros(5) && books.drained == .zero && books.held == .micros(5) && books.available == .zero)
    }

    @Test("an account without windows keeps what it spent, and one that had them keeps its last", arguments: LedgerUnderTest.clocked)
    func none(_ subject: LedgerUnderTest) async throws {
        let (world, team, ends) = try await scene(subject)
        let plain = try ChargedAccount.budget("team", 10)
        let hold = try await world.held(world.charge(6, [team]))
        try await world.advance(100)
        _ = try await world.ledger.settle(Hold(charge: world.charge(6, [plain], call: hold.charge.call)), cost: .micros(6), outcome: .ok)
        _ = try await world.held(world.charge(4, [plain]))
        try await expectBooks(world, team) { $0.spent == .micros(6) && $0.windowEnd == ends.0 }
    }

    @Test("on the server's own clock a window ends and the next one begins", arguments: LedgerUnderTest.all)
    func serverClock(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        var (team, end) = (try ChargedAccount.budget("team", 10), Int64(0))
        // On a busy machine the first end may be over before the call comes: then another account and a longer window.
        for (attempt, life) in ([30, 300, 3_000] as [Int64]).enumerated() where try await ended(end, world, team) {
            end = try await world.now() + life
            team = try ChargedAccount.budget("team\(attempt)", 10).ending(end, end + 3_600_000)
            _ = try await world.ledger.settle(world.held(world.charge(10, [team])), cost: .micros(10), outcome: .ok)
        }
        #expect(try await world.balance(team).windowEnd == end)
        try await world.advance(max(0, end - world.now()) + 2)
        _ = try await world.held(world.charge(10, [team]))
        #expect(try await world.balance(team).windowEnd == end + 3_600_000)
    }

    private func ended(_ end: Int64, _ world: LedgerWorld, _ team: ChargedAccount) async throws -> Bool {
        if end == 0 { return true }
        return try await world.balance(team).windowEnd != end
    }
}
