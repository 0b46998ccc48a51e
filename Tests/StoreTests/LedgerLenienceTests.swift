import Fixtures
import Governance
import Testing

@Suite("What every ledger does about accounts whose limit may be passed")
struct LedgerLenienceTests {
    private func scene(_ subject: LedgerUnderTest) async throws -> LedgerWorld {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        return world
    }

    @Test("a call that passes the limit is granted, told about, and counted as over", arguments: LedgerUnderTest.all)
    func over(_ subject: LedgerUnderTest) async throws {
        let world = try await scene(subject)
        let team = try ChargedAccount.budget("team", 10, isLenient: true)
        #expect(try await world.excess(world.charge(10, [team])) == nil)
        let charge = try world.charge(7, [team])
        #expect(try await world.excess(charge) == .insufficient(team.name, available: .zero, held: .micros(10)))
        #expect(try await world.excess(charge) == nil, "a repeat is granted, no more")
        let held = try await world.balance(team)
        #expect(held.held == .micros(17) && held.over == .micros(7) && held.available == .zero)
        #expect(try await world.ledger.settle(Hold(charge: charge), cost: .micros(5), outcome: .ok).remaining == .zero)
        let books = try await world.balance(team)
        #expect(books.spent == .micros(5) && books.held == .micros(10) && books.over == .micros(5))
        #expect(try await world.refusal(world.charge(1, [.budget("team", 10)])) != .revoked, "whoever is strict with it is refused")
    }

    @Test("a strict account refuses what a lenient one would let pass, and then nothing is booked", arguments: LedgerUnderTest.all)
    func mixed(_ subject: LedgerUnderTest) async throws {
        let world = try await scene(subject)
        let team = try ChargedAccount.budget("team", 1, isLenient: true)
        let cap = ChargedAccount.cap("c", 5)
        #expect(
            try await world.refusal(world.charge(6, [team, cap])) == .insufficient(cap.name, available: .micros(5), held: .zero))
        #expect(try await world.ledger.balance(of: team.name, tenant: world.tenant) == nil)
        #expect(try await world.excess(world.charge(5, [cap, team])) == .insufficient(team.name, available: .micros(1), held: .zero))
    }

    @Test("a missing account that may be passed is left out, for good", arguments: LedgerUnderTest.all)
    func missing(_ subject: LedgerUnderTest) async throws {
        let world = try await scene(subject)
        let absent = try ChargedAccount.budget("absent", nil, isLenient: true)
        let team = try ChargedAccount.budget("team", 10)
        let charge = try world.charge(4, [absent, team])
        #expect(try await world.excess(charge) == .noAccount(absent.name))
        // Now there is one: it has never held anything for this call.
        _ = try await world.held(world.charge(1, [.budget("absent", 10)]))
        let receipt = try await world.ledger.settle(Hold(charge: charge), cost: .micros(4), outcome: .ok)
        #expect(receipt == Receipt(state: .settled, charged: .micros(4), remaining: .micros(6)))
        let books = try await world.balance(absent)
        #expect(books.held == .micros(1) && books.spent == .zero)
    }

    @Test("the first reason is told, and each account is booked", arguments: LedgerUnderTest.all)
    func first(_ subject: LedgerUnderTest) async throws {
        let world = try await scene(subject)
        let accounts = try ["a", "b"].map { try ChargedAccount.budget($0, 1, isLenient: true) }
        #expect(
            try await world.excess(world.charge(2, accounts)) == .insufficient(accounts[0].name, available: .micros(1), held: .zero))
        for account in accounts { #expect(try await world.balance(account).over == .micros(1)) }
    }

    @Test("an account that has lost writes refuses, or tells where it is lenient, until it is resumed", arguments: LedgerUnderTest.all)
    func rolledBack(_ subject: LedgerUnderTest) async throws {
        let world = try await scene(subject)
        let (strict, lenient) = (try ChargedAccount.budget("team", 10), try ChargedAccount.budget("team", 10, isLenient: true))
        let hold = try await world.held(world.charge(2, [strict]))
        try await world.intervene(.mark(strict.name))
        #expect(try await world.balance(strict).isRolledBack)
        #expect(try await world.refusal(world.charge(11, [strict])) == .rolledBack(strict.name))
        #expect(try await world.excess(world.charge(3, [lenient])) == .rolledBack(strict.name))
        try await world.intervene(.resume(strict.name, epoch: CallID().text))
        #expect(try await world.excess(world.charge(1, [strict])) == nil)
        #expect(try await world.ledger.settle(hold, cost: .micros(2), outcome: .ok).state == .settled)
        let books = try await world.balance(strict)
        #expect(books.spent == .micros(2) && books.held == .micros(4) && !books.isRolledBack)
    }
}
