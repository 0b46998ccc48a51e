import Fixtures
import Governance
import Testing

@Suite("What every ledger does")
struct LedgerConformanceTests {
    @Test("no account is made before the tenant's books are open", arguments: LedgerUnderTest.all)
    func booksMustBeOpen(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let team = try ChargedAccount.budget("team", 10)
        #expect(try await world.refusal(world.charge(1, [team])) == .noAccount(team.name))
        #expect(try await world.ledger.balance(of: team.name, tenant: world.tenant) == nil)
        try await world.ledger.openBooks(of: world.tenant)
        try await world.ledger.openBooks(of: world.tenant)
        _ = try await world.held(world.charge(1, [team]))
        #expect(try await world.balance(team).held == .micros(1))
    }

    @Test("an account without a stated limit must exist", arguments: LedgerUnderTest.all)
    func missingAccount(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", nil)
        #expect(try await world.refusal(world.charge(1, [.cap("c", 5), team])) == .noAccount(team.name))
        #expect(try await world.ledger.balance(of: .cap(.sample("c")), tenant: world.tenant) == nil)
    }

    @Test("a reserve holds in all accounts or in none, and names the first that is short", arguments: LedgerUnderTest.all)
    func allOrNone(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 100)
        let cap = ChargedAccount.cap("c", 30)
        _ = try await world.held(world.charge(20, [cap, team]))
        let before = try await [world.balance(cap), world.balance(team)]
        #expect(
            try await world.refusal(world.charge(11, [cap, team]))
                == .insufficient(cap.name, available: .micros(10), held: .micros(20)))
        #expect(
            try await world.refusal(world.charge(81, [.cap("d", 90), team]))
                == .insufficient(team.name, available: .micros(80), held: .micros(20)))
        #expect(try await [world.balance(cap), world.balance(team)] == before)
        #expect(try await world.ledger.balance(of: .cap(.sample("d")), tenant: world.tenant) == nil)
    }

    @Test("a hold settled twice is charged once and answers the same receipt", arguments: LedgerUnderTest.all)
    func settlingIsIdempotent(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 5_500_000)
        let hold = try await world.held(world.charge(1_000_000, [team]))
        let receipt = try await world.ledger.settle(hold, cost: .micros(750_000), outcome: .ok)
        #expect(receipt == Receipt(state: .settled, charged: .micros(750_000), remaining: .micros(4_750_000)))
        _ = try await world.held(world.charge(1_000_000, [team]))
        #expect(try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok) == receipt)
        let books = try await world.balance(team)
        #expect(books.spent == .micros(750_000) && books.held == .micros(1_000_000) && books.over == .zero)
    }

    @Test("a settle charges at most what is held", arguments: LedgerUnderTest.all)
    func settleIsBounded(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let hold = try await world.held(world.charge(4, [team]))
        #expect(try await world.ledger.settle(hold, cost: .micros(9), outcome: .ok).charged == .micros(4))
    }

    @Test("a repeated reserve is granted again and holds no more; one that comes after the end is refused", arguments: LedgerUnderTest.all)
    func repeatedReserve(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let charge = try world.charge(4, [team])
        let hold = try await world.held(charge)
        _ = try await world.held(charge)
        #expect(try await world.balance(team).held == .micros(4))
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        #expect(try await world.refusal(charge) == .ended(.settled))
        #expect(try await world.balance(team).held == .zero)
    }

    @Test("a release gives the whole hold back, and a settle after it changes nothing", arguments: LedgerUnderTest.all)
    func release(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let hold = try await world.held(world.charge(4, [team]))
        #expect(try await world.ledger.release(hold, outcome: .unsent).state == .released)
        #expect(try await world.ledger.release(hold, outcome: .unsent).state == .released)
        let receipt = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        #expect(receipt == Receipt(state: .released, charged: .zero, remaining: .micros(10)))
        let books = try await world.balance(team)
        #expect(books.held == .zero && books.spent == .zero)
    }

    @Test("a release that overtakes its reserve leaves a tombstone that refuses it", arguments: LedgerUnderTest.all)
    func releaseFirst(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let charge = try world.charge(4, [team])
        #expect(try await world.ledger.release(Hold(charge: charge), outcome: .unsent).state == .released)
        #expect(try await world.refusal(charge) == .ended(.released))
        #expect(try await world.ledger.balance(of: team.name, tenant: world.tenant) == nil)
    }

    @Test("what was never reserved is unknown to settle, extend and lapse", arguments: LedgerUnderTest.all)
    func unknown(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let charge = try world.charge(4, [.budget("team", 10)])
        let receipt = try await world.ledger.settle(Hold(charge: charge), cost: .micros(4), outcome: .ok)
        #expect(receipt == Receipt(state: .unknown, charged: .zero, remaining: nil))
        #expect(try await world.ledger.extend([charge.call], of: world.tenant, lease: 1) == [charge.call: .unknown])
        #expect(try await world.ledger.lapse(charge.call, of: world.tenant) == .unknown)
    }

    @Test("a price of nothing holds nothing and needs no account", arguments: LedgerUnderTest.all)
    func free(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let team = try ChargedAccount.budget("team", 10)
        for charge in try [world.charge(0, [team]), world.charge(5, [])] {
            guard case .granted(nil, _, _) = try await world.ledger.reserve(charge) else {
                Issue.record("not granted without a hold")
                return
            }
        }
        #expect(try await world.ledger.due(of: world.tenant, limit: 5) == DueHolds(calls: [], anyOpen: false))
    }
}

@Suite("What every ledger does about time, sessions and revocation")
struct LedgerLeaseTests {
    @Test("a hold lapses once its lease has ended, not before, and only once", arguments: LedgerUnderTest.all)
    func lapse(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let hold = try await world.held(world.charge(4, [team]))
        let call = hold.charge.call
        #expect(try await world.ledger.lapse(call, of: world.tenant) == .open)
        #expect(try await world.ledger.extend([call], of: world.tenant, lease: 0) == [call: .open])
        try await world.outliveNow()
        #expect(try await world.ledger.due(of: world.tenant, limit: 5) == DueHolds(calls: [call], anyOpen: true))
        #expect(try await world.ledger.lapse(call, of: world.tenant) == .lapsed)
        let books = try await world.balance(team)
        #expect(books.held == .zero)
        #expect(try await world.ledger.lapse(call, of: world.tenant) == .lapsed)
        #expect(try await world.ledger.extend([call], of: world.tenant, lease: 5_000) == [call: .lapsed])
        #expect(try await world.balance(team) == books)
        #expect(try await world.ledger.due(of: world.tenant, limit: 5) == DueHolds(calls: [], anyOpen: false))
    }

    @Test("a settle after the lapse charges what is available, once", arguments: LedgerUnderTest.all)
    func lateSettle(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let cap = ChargedAccount.cap("c", 20)
        let late = try await world.held(world.charge(6, [cap, team], lease: 0))
        try await world.outliveNow()
        _ = try await world.ledger.lapse(late.charge.call, of: world.tenant)
        let other = try await world.held(world.charge(8, [cap, team]))
        let receipt = try await world.ledger.settle(late, cost: .micros(5), outcome: .ok)
        #expect(receipt == Receipt(state: .lateSettled, charged: .micros(2), remaining: .zero))
        #expect(try await world.ledger.settle(late, cost: .micros(5), outcome: .ok) == receipt)
        #expect(try await world.balance(cap).spent == .micros(2))
        #expect(try await world.refusal(late.charge) == .ended(.lateSettled))
        #expect(try await world.ledger.settle(other, cost: .micros(8), outcome: .ok).remaining == .zero)
        #expect(try await world.balance(team).over == .zero)
    }

    @Test("a reserve names at most 32 due holds, also when it refuses", arguments: LedgerUnderTest.all)
    func dueHolds(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 40)
        var calls: Set<CallID> = []
        for _ in 0..<40 { calls.insert(try await world.held(world.charge(1, [team], lease: 0)).charge.call) }
        try await world.outliveNow()
        guard case .refused(.insufficient(_, .zero, .micros(40)), let due) = try await world.ledger.reserve(world.charge(1, [team])) else {
            Issue.record("not refused")
            return
        }
        #expect(Set(due).count == 32 && calls.isSuperset(of: due))
        for call in due { #expect(try await world.ledger.lapse(call, of: world.tenant) == .lapsed) }
        guard case .granted(_, _, let rest) = try await world.ledger.reserve(world.charge(1, [team])) else {
            Issue.record("not granted")
            return
        }
        #expect(Set(rest) == calls.subtracting(due))
    }

    @Test("a call of a session that is gone, or of a revoked token, holds nothing", arguments: LedgerUnderTest.all)
    func sessionAndRevocation(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("b"), transport: .streamable)
        let lineage: [TokenID] = [.sample("a"), .sample("b")]
        #expect(try await world.refusal(world.charge(1, [team], session: session.id)) == .sessionGone)
        try await world.sessions.open(session)
        _ = try await world.held(world.charge(1, [team], session: session.id, lineage: lineage))
        try await world.revoke(.sample("a"))
        #expect(try await world.refusal(world.charge(1, [team], session: session.id, lineage: lineage)) == .revoked)
        _ = try await world.held(world.charge(1, [team], session: session.id, lineage: [.sample("c")]))
        #expect(try await world.sessions.close(session.id, of: world.tenant))
        #expect(try await world.refusal(world.charge(1, [team], session: session.id, lineage: [.sample("c")])) == .sessionGone)
        #expect(try await world.balance(team).held == .micros(2))
    }

    @Test("of 64 concurrent reserves at a balance for 10, exactly 10 are granted", arguments: LedgerUnderTest.all)
    func concurrentReserves(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10_000_000)
        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                let charge = try world.charge(1_000_000, [team])
                group.addTask { if case .granted(_?, _, _) = try await world.ledger.reserve(charge) { true } else { false } }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 10)
        #expect(try await world.balance(team).available == .zero)
    }
}
