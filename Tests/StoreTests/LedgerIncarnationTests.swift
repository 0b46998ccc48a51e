import Fixtures
import Governance
import Testing

@Suite("What every ledger does when an account is lost and made anew")
struct LedgerIncarnationTests {
    /// A world in which `team` was made anew after `count` holds of 4 were made, of which the last has lapsed; the new one holds 1.
    private func scene(_ subject: LedgerUnderTest, _ cap: [ChargedAccount] = []) async throws -> (LedgerWorld, ChargedAccount, [Hold]) {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 100)
        var holds: [Hold] = []
        for lease in [60_000, 60_000, 0, 0] { holds.append(try await world.held(world.charge(4, cap + [team], lease: Int64(lease)))) }
        try await world.outliveNow()
        #expect(try await world.ledger.lapse(holds[3].charge.call, of: world.tenant) == .lapsed)
        try await world.intervene(.remove(team.name))
        _ = try await world.held(world.charge(1, [team]))
        return (world, team, holds)
    }

    @Test("what was held in the old books is neither given back to the new ones nor charged to them", arguments: LedgerUnderTest.all)
    func anew(_ subject: LedgerUnderTest) async throws {
        let (world, team, holds) = try await scene(subject)
        let books = try await world.balance(team)
        #expect(books.held == .micros(1) && books.version == 2)
        let receipt = try await world.ledger.settle(holds[0], cost: .micros(3), outcome: .ok)
        #expect(receipt == Receipt(state: .settled, charged: .micros(3), remaining: .micros(99)))
        #expect(try await world.ledger.release(holds[1], outcome: .unsent).state == .released)
        #expect(try await world.ledger.lapse(holds[2].charge.call, of: world.tenant) == .lapsed)
        #expect(try await world.ledger.settle(holds[3], cost: .micros(3), outcome: .ok).state == .lateSettled)
        #expect(try await world.balance(team) == books)
    }

    @Test("the other accounts of such a call are settled and given back as ever", arguments: LedgerUnderTest.all)
    func others(_ subject: LedgerUnderTest) async throws {
        let cap = ChargedAccount.cap("c", 100)
        let (world, team, holds) = try await scene(subject, [cap])
        let books = try await world.balance(team)
        _ = try await world.ledger.settle(holds[0], cost: .micros(3), outcome: .ok)
        _ = try await world.ledger.release(holds[1], outcome: .unsent)
        _ = try await world.ledger.lapse(holds[2].charge.call, of: world.tenant)
        #expect(try await world.ledger.settle(holds[3], cost: .micros(2), outcome: .ok).charged == .micros(2))
        try await expectBooks(world, cap) { $0.spent == .micros(5) && $0.held == .zero }
        #expect(try await world.balance(team) == books)
    }

    @Test("a late settle of an account that is gone charges nothing", arguments: LedgerUnderTest.all)
    func gone(_ subject: LedgerUnderTest) async throws {
        let (world, team, holds) = try await scene(subject)
        try await world.intervene(.remove(team.name))
        let receipt = try await world.ledger.settle(holds[3], cost: .micros(3), outcome: .ok)
        #expect(receipt == Receipt(state: .lateSettled, charged: .zero, remaining: nil))
        #expect(try await world.ledger.balance(of: team.name, tenant: world.tenant) == nil)
    }

    @Test("books that were resumed, even twice, are the same books", arguments: LedgerUnderTest.all)
    func resumed(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 100)
        let first = try await world.held(world.charge(4, [team]))
        try await world.intervene(.resume(team.name, epoch: CallID().text))
        let second = try await world.held(world.charge(5, [team]))
        try await world.intervene(.resume(team.name, epoch: CallID().text))
        _ = try await world.ledger.settle(first, cost: .micros(4), outcome: .ok)
        _ = try await world.ledger.settle(second, cost: .micros(5), outcome: .ok)
        try await expectBooks(world, team) { $0.spent == .micros(9) && $0.held == .zero }
    }
}
