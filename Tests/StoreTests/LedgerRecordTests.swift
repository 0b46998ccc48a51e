import Fixtures
import Governance
import Testing

@Suite("What every ledger does about agents' keys")
struct LedgerRecordTests {
    /// A world with open books, and an account of 100.
    private func scene(_ subject: LedgerUnderTest, _ limits: LedgerLimits = LedgerLimits()) async throws -> (LedgerWorld, ChargedAccount) {
        let world = try await subject.open(limits)
        try await world.ledger.openBooks(of: world.tenant)
        return (world, try .budget("team", 100))
    }

    @Test("a call that has ended is told again and costs nothing more", arguments: LedgerUnderTest.all)
    func replay(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        #expect(try await world.recall(record) == .nothing)
        let hold = try await world.held(world.charge(4, [team], record: record))
        _ = try await world.ledger.settle(hold, cost: .micros(3), outcome: .ok, report: [1, 0, 255])
        #expect(try await world.recalled(world.charge(4, [team], record: record)) == .done(charged: .micros(3), report: [1, 0, 255]))
        #expect(try await world.recall(record) == .done(charged: .micros(3), report: [1, 0, 255]))
        let books = try await world.balance(team)
        #expect(books.spent == .micros(3) && books.held == .zero)
    }

    @Test("a call that runs is not run twice: who asks waits to be told, once each", arguments: LedgerUnderTest.all)
    func running(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let (first, second, third) = (NodeID(), NodeID(), NodeID())
        let hold = try await world.held(world.charge(4, [team], record: record, node: first))
        let running = Recollection.running(call: hold.charge.call, node: first)
        for _ in 0..<2 { #expect(try await world.recalled(world.charge(4, [team], record: record, node: second)) == running) }
        #expect(try await world.recall(record, waiter: third) == running)
        #expect(try await world.balance(team).held == .micros(4))
        let receipt = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        #expect(receipt == Receipt(state: .settled, charged: .micros(4), remaining: .micros(96), waiters: [second, third]))
        #expect(try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok) == receipt, "the answer may have been lost")
    }

    @Test("a key stands for one question, whatever became of it", arguments: LedgerUnderTest.all)
    func conflict(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let other = try CallRecord.sample("a", asking: "2")
        func expectConflict(_ when: Comment) async throws {
            #expect(try await world.refusal(world.charge(4, [team], record: other)) == .conflict, when)
            #expect(try await world.recall(other) == .conflict, when)
        }
        let record = try CallRecord.sample("a")
        let free = try await world.held(world.charge(4, [team], record: record))
        try await expectConflict("running")
        _ = try await world.ledger.release(free, outcome: .unsent)
        try await expectConflict("free")
        let hold = try await world.held(world.charge(4, [team], record: record))
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        try await expectConflict("done")
        #expect(try await world.balance(team).held == .zero)
    }

    @Test("another agent's key is another call", arguments: LedgerUnderTest.all)
    func anotherAgent(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let hold = try await world.held(world.charge(4, [team], record: .sample("a")))
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok, report: [1])
        #expect(try await world.recall(.sample("b")) == .nothing)
        _ = try await world.held(world.charge(4, [team], record: .sample("b")))
        #expect(try await world.balance(team).held == .micros(4))
    }

    @Test("a call that did not run leaves its key free, and who waited is told", arguments: LedgerUnderTest.all)
    func released(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let waiter = NodeID()
        let hold = try await world.held(world.charge(4, [team], record: record))
        _ = try await world.recall(record, waiter: waiter)
        #expect(try await world.ledger.release(hold, outcome: .unsent).waiters == [waiter])
        #expect(try await world.ledger.release(hold, outcome: .unsent).waiters == [waiter], "the answer may have been lost")
        #expect(try await world.recall(record) == .nothing)
        let second = try await world.held(world.charge(4, [team], record: record))
        _ = try await world.ledger.release(hold, outcome: .unsent)
        #expect(try await world.recall(record) == .running(call: second.charge.call, node: .sample), "a late repeat frees nothing")
    }

    @Test("a call that dies with its node may be run again once its lease is over, and not before", arguments: LedgerUnderTest.clocked)
    func takeOver(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let dead = try await world.held(world.charge(4, [team], lease: 20, record: record))
        let running = Recollection.running(call: dead.charge.call, node: .sample)
        try await world.advance(20)
        #expect(try await world.recalled(world.charge(4, [team], record: record)) == running)
        let open = OpenHold(call: dead.charge.call, record: record.name)
        #expect(try await world.ledger.extend([open], of: world.tenant, lease: 20) == [dead.charge.call: .open])
        try await world.advance(20)
        #expect(try await world.recall(record) == running)
        try await world.advance(1)
        #expect(try await world.recall(record) == .nothing)
        let second = try await world.held(world.charge(4, [team], record: record))
        #expect(try await world.ledger.extend([open], of: world.tenant, lease: 5) == [dead.charge.call: .open])
        try await world.advance(6)
        #expect(try await world.recall(record) == .running(call: second.charge.call, node: .sample), "its record is not the first call's")
    }

    @Test("a call whose key another has taken over is given back and costs nothing, however it ends", arguments: LedgerUnderTest.all)
    func superseded(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let first = try await world.held(world.charge(4, [team], record: record))
        #expect(try await world.recalled(world.charge(4, [team], record: .sample("a", supplants: CallID()))) != .nothing)
        let second = try await world.held(world.charge(5, [team], record: .sample("a", supplants: first.charge.call)))
        let receipt = try await world.ledger.settle(first, cost: .micros(4), outcome: .ok, report: [1])
        #expect(receipt == Receipt(state: .superseded, charged: .zero, remaining: .micros(95), waiters: [.sample]))
        #expect(try await world.ledger.settle(first, cost: .micros(4), outcome: .ok, report: [1]) == receipt)
        #expect(try await world.ledger.release(first, outcome: .unsent).state == .superseded)
        #expect(try await world.refusal(first.charge) == .ended(.superseded))
        #expect(try await world.recall(record) == .running(call: second.charge.call, node: .sample))
        #expect(try await world.ledger.settle(second, cost: .micros(5), outcome: .ok, report: [2]).charged == .micros(5))
        #expect(try await world.recall(record) == .done(charged: .micros(5), report: [2]))
        try await expectBooks(world, team) { $0.spent == .micros(5) && $0.held == .zero }
    }

    @Test("a call that lapsed and was run again by another settles for nothing", arguments: LedgerUnderTest.all)
    func supersededAfterLapse(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let first = try await world.held(world.charge(4, [team], lease: 0, record: record))
        try await world.outliveNow()
        #expect(try await world.ledger.lapse(first.charge.call, of: world.tenant) == .lapsed)
        let second = try await world.held(world.charge(4, [team], record: record))
        let before = try await world.balance(team)
        #expect(try await world.ledger.settle(first, cost: .micros(4), outcome: .ok).state == .superseded)
        #expect(try await world.balance(team) == before)
        #expect(try await world.ledger.settle(second, cost: .micros(4), outcome: .ok).state == .settled)
        #expect(try await world.balance(team).spent == .micros(4))
    }

    @Test("a settle that comes late, before anyone ran the call again, records its result", arguments: LedgerUnderTest.all)
    func late(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let hold = try await world.held(world.charge(4, [team], lease: 0, record: record))
        try await world.outliveNow()
        _ = try await world.ledger.lapse(hold.charge.call, of: world.tenant)
        #expect(try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok, report: [7]).state == .lateSettled)
        #expect(try await world.recalled(world.charge(4, [team], record: record)) == .done(charged: .micros(4), report: [7]))
    }

    @Test("a call of no price is known by its key too", arguments: LedgerUnderTest.all)
    func free(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let hold = try await world.held(world.charge(0, [team], record: record))
        #expect(try await world.ledger.due(of: world.tenant, limit: 5).anyOpen)
        #expect(try await world.recalled(world.charge(0, [team], record: record)) == .running(call: hold.charge.call, node: .sample))
        #expect(try await world.ledger.settle(hold, cost: .micros(9), outcome: .ok, report: [1]).charged == .zero)
        #expect(try await world.recall(record) == .done(charged: .zero, report: [1]))
        #expect(try await world.ledger.balance(of: team.name, tenant: world.tenant) == nil)
    }

    @Test("of 32 concurrent calls under one key exactly one runs", arguments: LedgerUnderTest.all)
    func concurrent(_ subject: LedgerUnderTest) async throws {
        let (world, team) = try await scene(subject)
        let record = try CallRecord.sample("a")
        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 {
                let charge = try world.charge(1, [team], record: record)
                group.addTask { if case .granted = try await world.ledger.reserve(charge) { true } else { false } }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 1)
        #expect(try await world.balance(team).held == .micros(1))
    }
}
