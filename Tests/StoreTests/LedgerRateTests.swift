import Fixtures
import Governance
import Testing

@Suite("What every ledger does about rates")
struct LedgerRateTests {
    private let hourly = RateLimit(subject: "tenant", interval: 3_600_000_000, burst: 2)

    @Test("as many calls as the burst come at once, the next is told when to come back", arguments: LedgerUnderTest.clocked)
    func burst(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let limit = RateLimit(subject: "tenant", interval: 1_500, burst: 3)
        func call() async throws -> Reservation { try await world.ledger.reserve(world.charge(0, [], rates: [limit])) }
        for _ in 0..<3 { #expect(try await WalkAnswer(call()).outcome == "free") }
        guard case .refused(.rateLimited(retryAfter: 2), _) = try await call() else {
            Issue.record("not refused for 2 ms")
            return
        }
        try await world.advance(1)
        guard case .refused(.rateLimited(retryAfter: 1), _) = try await call() else {
            Issue.record("not refused for 1 ms")
            return
        }
        try await world.advance(1)
        #expect(try await WalkAnswer(call()).outcome == "free")
        try await world.advance(60_000)
        for _ in 0..<3 { #expect(try await WalkAnswer(call()).outcome == "free") }
        #expect(try await WalkAnswer(call()).outcome == "rateLimited", "idle time is not saved up beyond the burst")
    }

    @Test("on the server's clock a refused call may come back after the time it is told", arguments: LedgerUnderTest.all)
    func comeBack(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let limit = RateLimit(subject: "tenant", interval: 400_000, burst: 1)
        _ = try await world.ledger.reserve(world.charge(0, [], rates: [limit]))
        guard case .refused(.rateLimited(let wait), _) = try await world.ledger.reserve(world.charge(0, [], rates: [limit])) else {
            Issue.record("not refused")
            return
        }
        #expect((1...400).contains(wait))
        try await world.advance(wait + 1)
        #expect(try await WalkAnswer(world.ledger.reserve(world.charge(0, [], rates: [limit]))).outcome == "free")
    }

    @Test("subjects do not count for each other, and the first whose limit is reached refuses", arguments: LedgerUnderTest.all)
    func subjects(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let single = RateLimit(subject: "tool.a", interval: 3_600_000_000, burst: 1)
        #expect(try await WalkAnswer(world.ledger.reserve(world.charge(0, [], rates: [single, hourly]))).outcome == "free")
        #expect(try await WalkAnswer(world.ledger.reserve(world.charge(0, [], rates: [hourly, single]))).outcome == "rateLimited")
        #expect(try await WalkAnswer(world.ledger.reserve(world.charge(0, [], rates: [hourly]))).outcome == "free", "it did not count")
        #expect(try await WalkAnswer(world.ledger.reserve(world.charge(0, [], rates: [hourly]))).outcome == "rateLimited")
    }

    @Test("a refused call counts for no rate and holds nothing; a repeated one counts once", arguments: LedgerUnderTest.all)
    func refused(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        for _ in 0..<3 {
            #expect(try await WalkAnswer(world.ledger.reserve(world.charge(11, [team], rates: [hourly]))).outcome == "insufficient")
        }
        let charge = try world.charge(4, [team], record: .sample("a"), rates: [hourly])
        for _ in 0..<3 { _ = try await world.held(charge) }
        for _ in 0..<3 { _ = try await world.recalled(world.charge(4, [team], record: .sample("a"), rates: [hourly])) }
        _ = try await world.held(world.charge(1, [team], rates: [hourly]))
        #expect(try await WalkAnswer(world.ledger.reserve(world.charge(1, [team], rates: [hourly]))).outcome == "rateLimited")
        let limited = try world.charge(1, [team], record: .sample("b"), rates: [hourly])
        #expect(try await WalkAnswer(world.ledger.reserve(limited)).outcome == "rateLimited")
        #expect(try await world.recall(.sample("b")) == .nothing)
        #expect(try await world.balance(team).held == .micros(5))
    }

    @Test("of 64 concurrent calls at a burst of 10 exactly 10 are granted", arguments: LedgerUnderTest.all)
    func concurrent(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let limit = RateLimit(subject: "tenant", interval: 3_600_000_000, burst: 10)
        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                let charge = try world.charge(0, [], rates: [limit])
                group.addTask { if case .granted = try await world.ledger.reserve(charge) { true } else { false } }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 10)
    }
}
