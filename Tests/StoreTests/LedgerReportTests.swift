import Fixtures
import Governance
import Testing

@Suite("What every ledger keeps of the results of calls with keys")
struct LedgerReportTests {
    private static func limits(_ change: (inout LedgerLimits) -> Void) -> LedgerLimits {
        var limits = LedgerLimits()
        change(&limits)
        return limits
    }

    /// A world with open books.
    private func scene(_ subject: LedgerUnderTest, _ limits: LedgerLimits) async throws -> (LedgerWorld, ChargedAccount) {
        let world = try await subject.open(limits)
        try await world.ledger.openBooks(of: world.tenant)
        return (world, try .budget("team", 1_000_000))
    }

    /// Runs a call under a key of its own; answers what is known of it then.
    private func result(_ world: LedgerWorld, _ team: ChargedAccount, reporting size: Int) async throws -> Recollection {
        let name = try #require(RecordName(CallID().text + CallID().text))
        let record = CallRecord(name: name, fingerprint: String(repeating: "1", count: 64))
        let hold = try await world.held(world.charge(1, [team], record: record))
        _ = try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok, report: [UInt8](repeating: 120, count: size))
        return try await world.recall(record)
    }

    private func kept(_ size: Int) -> Recollection { .done(charged: .micros(1), report: [UInt8](repeating: 120, count: size)) }
    private let dropped = Recollection.done(charged: .micros(1), report: nil)

    @Test("of a result that is too large only the receipt is kept", arguments: LedgerUnderTest.all)
    func largest(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject, Self.limits { $0.report = 1_000 })
        #expect(try await result(world, team, reporting: 1_000) == kept(1_000))
        #expect(try await result(world, team, reporting: 1_001) == dropped)
    }

    @Test("a result of 256 KiB is kept, and not a byte more", arguments: LedgerUnderTest.all)
    func standard(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject, LedgerLimits())
        #expect(try await result(world, team, reporting: 262_144) == kept(262_144))
        #expect(try await result(world, team, reporting: 262_145) == dropped)
    }

    @Test("all results of a tenant together stay within their bound; beyond it only receipts are kept", arguments: LedgerUnderTest.all)
    func bound(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject, Self.limits { $0.reports = 1_000 })
        #expect(try await result(world, team, reporting: 600) == kept(600))
        #expect(try await result(world, team, reporting: 401) == dropped)
        #expect(try await result(world, team, reporting: 400) == kept(400))
        #expect(try await result(world, team, reporting: 1) == dropped)
    }

    @Test("results that are forgotten make room, also while others find none", .timeLimit(.minutes(1)), arguments: LedgerUnderTest.all)
    func room(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(
            subject,
            Self.limits {
                $0.remembered = 300
                $0.reports = 1_000
            })
        #expect(try await result(world, team, reporting: 1_000) == kept(1_000))
        #expect(try await result(world, team, reporting: 1_000) == dropped)
        var attempts = 0
        while try await result(world, team, reporting: 1_000) != kept(1_000), attempts < 40 {
            attempts += 1
            try await world.advance(50)
        }
        #expect(attempts < 40)
    }

    @Test("what a key stood for is forgotten after its time, and the key may be used anew", arguments: LedgerUnderTest.all)
    func forgotten(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject, Self.limits { $0.remembered = 30 })
        let record = try CallRecord.sample("a")
        let hold = try await world.held(world.charge(1, [team], record: record))
        _ = try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok)
        try await world.advance(40)
        #expect(try await world.recall(.sample("a", asking: "2")) == .nothing)
        _ = try await world.held(world.charge(1, [team], record: .sample("a", asking: "2")))
    }

    @Test("a mistake about time is found out", arguments: CheckedMistake.ofTime)
    func mistakes(_ checked: CheckedMistake<LedgerUnderTest>) async throws {
        let scripts = try #require(checked.mistake.scripts())
        let subject = LedgerUnderTest(testDescription: "wrong") { try await .redis(SharedRedis.client, scripts, limits: $0) }
        await withKnownIssue { try await checked.check(subject) }
    }
}
