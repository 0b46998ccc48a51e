import Fixtures
import Governance
import Testing

@Suite("What every ledger does about keys of calls that wait for their agent")
struct RoundRecordTests {
    /// A world with open books, and the hold of a call with a key whose lease is 20 ms.
    private func scene(_ subject: LedgerUnderTest) async throws -> (LedgerWorld, CallRecord, Hold) {
        let world = try await subject.open()
        try await world.ledger.openBooks(of: world.tenant)
        let record = try CallRecord.sample("a")
        return (world, record, try await world.held(world.charge(4, [.budget("team", 10)], lease: 20, record: record)))
    }

    private func note(_ world: LedgerWorld, _ asked: [UInt8]?, of hold: Hold) async throws -> Bool {
        let name = try #require(hold.charge.record?.name)
        return try await world.ledger.note(asked, of: hold.charge.call, in: name, of: world.tenant)
    }

    @Test("while a call waits, its key tells what the agent was asked, until it is taken up", arguments: LedgerUnderTest.clocked)
    func asking(_ subject: LedgerUnderTest) async throws {
        let (world, record, hold) = try await scene(subject)
        let round = world.round(1, of: hold.charge)
        let waiter = NodeID()
        #expect(try await world.ledger.park(round, life: 60_000) == .parked)
        #expect(try await note(world, [1, 2, 3], of: hold))
        #expect(try await world.recalled(world.charge(4, [.budget("team", 10)], record: record, node: waiter)) == .asking([1, 2, 3]))
        #expect(try await world.recall(record, waiter: waiter) == .asking([1, 2, 3]))
        #expect(try await world.ledger.take(round, by: CallID(), of: [], lease: 60_000) == .taken)
        #expect(try await world.recall(record) == .running(call: hold.charge.call, node: .sample))
        let receipt = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok, report: [9])
        #expect(receipt.waiters == [.sample], "who was told what is asked waits for nothing")
        #expect(try await world.recall(record) == .done(charged: .micros(4), report: [9]))
    }

    @Test("what a call asks may be noted anew and taken back, but only by that call while it runs", arguments: LedgerUnderTest.clocked)
    func notes(_ subject: LedgerUnderTest) async throws {
        let (world, record, hold) = try await scene(subject)
        let running = Recollection.running(call: hold.charge.call, node: .sample)
        #expect(try await note(world, [1], of: hold))
        #expect(try await note(world, [2], of: hold))
        #expect(try await world.recall(record) == .asking([2]))
        let stranger = try Hold(charge: world.charge(4, [], record: record))
        #expect(try await note(world, [3], of: stranger) == false)
        #expect(try await note(world, [3], of: Hold(charge: world.charge(4, [], record: .sample("b")))) == false)
        #expect(try await note(world, nil, of: stranger) == false)
        #expect(try await world.recall(record) == .asking([2]))
        #expect(try await note(world, nil, of: hold))
        #expect(try await world.recall(record) == running)
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        #expect(try await note(world, [4], of: hold) == false)
        #expect(try await world.recall(record) == .done(charged: .micros(4), report: nil))
    }

    @Test("a key stands as long as its call waits, and then as long as the lease it is taken up with", arguments: LedgerUnderTest.clocked)
    func life(_ subject: LedgerUnderTest) async throws {
        let (world, record, hold) = try await scene(subject)
        let (call, running) = (hold.charge.call, Recollection.running(call: hold.charge.call, node: .sample))
        #expect(try await world.ledger.park(world.round(1, of: hold.charge), life: 1_000) == .parked)
        _ = try await world.ledger.extend([OpenHold(call: call, record: record.name)], of: world.tenant, lease: 5)
        try await world.advance(1_000)
        #expect(try await world.recall(record) == running)
        try await world.advance(1)
        #expect(try await world.recall(record) == .nothing)
        let second = try CallRecord.sample("b")
        let taken = try await world.held(world.charge(1, [.budget("team", 10)], record: second))
        #expect(try await world.ledger.park(world.round(1, of: taken.charge), life: 1_000) == .parked)
        #expect(try await world.ledger.take(world.round(1, of: taken.charge), by: CallID(), of: [], lease: 20) == .taken)
        try await world.advance(20)
        #expect(try await world.recall(second) == .running(call: taken.charge.call, node: .sample))
        try await world.advance(1)
        #expect(try await world.recall(second) == .nothing)
    }

    @Test("a call that waits has its key no longer than nobody takes it over", arguments: LedgerUnderTest.clocked)
    func superseded(_ subject: LedgerUnderTest) async throws {
        let (world, record, hold) = try await scene(subject)
        try await world.advance(21)
        let second = try await world.held(world.charge(4, [.budget("team", 10)], lease: 50, record: record))
        let round = world.round(1, of: hold.charge)
        #expect(try await world.ledger.park(round, life: 1_000) == .parked)
        #expect(try await note(world, [1], of: hold) == false)
        #expect(try await note(world, [2], of: second))
        #expect(try await world.ledger.take(round, by: CallID(), of: [], lease: 1_000) == .taken)
        #expect(try await world.recall(record) == .asking([2]))
        try await world.advance(51)
        #expect(try await world.recall(record) == .nothing, "the first call's rounds did not prolong it")
        #expect(try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok).state == .superseded)
    }

    @Test("who takes a call over is not told what the dead one asked", arguments: LedgerUnderTest.clocked)
    func forgotten(_ subject: LedgerUnderTest) async throws {
        let (world, record, hold) = try await scene(subject)
        #expect(try await note(world, [1], of: hold))
        try await world.advance(21)
        let second = try await world.held(world.charge(4, [.budget("team", 10)], record: record))
        #expect(try await world.recall(record) == .running(call: second.charge.call, node: .sample))
    }
}
