import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Calls that leave their slice", .timeLimit(.minutes(2)))
struct SliceDetachTests {
    private let lease: Int64 = 3_600_000

    @Test("a call takes its price out of its slice into a hold of its own, once, and is charged as others", arguments: SliceWorld.all)
    func leaving(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let (ledger, tenant) = (desk.world.ledger, desk.world.tenant)
            let chain = [ChargedAccount.cap("c", 100), try .budget("team", 400)]
            try await desk.make(chain)
            let slice = try await desk.take(60, chain)
            let call = try desk.call(10, of: slice, chain)
            for _ in 0..<2 { #expect(try await desk.slices.detach(call, lease: lease) == .open) }
            for account in chain { try await expectBooks(desk.world, account) { $0.held == .micros(60) && $0.spent == .zero } }
            #expect(try await desk.differences() == [])
            #expect(try await ledger.extend([call.charge.call], of: tenant, lease: lease) == [call.charge.call: .open])
            // Whoever still ends it as a call of the slice changes nothing.
            #expect(try await desk.settle([call], at: 10).map(\.state) == [.released])
            let receipt = try await ledger.settle(Hold(charge: call.charge), cost: .micros(4), outcome: .ok, report: nil)
            #expect(receipt.state == .settled && receipt.charged == .micros(4))
            #expect(try await desk.slices.detach(call, lease: lease) == .settled)
            _ = try await desk.giveBack(50, of: slice, chain)
            for account in chain { try await expectBooks(desk.world, account) { $0.held == .zero && $0.spent == .micros(4) } }
            #expect(try await ledger.due(of: tenant, limit: 9).anyOpen == false)
            #expect(try await desk.differences() == [])
        }
    }

    @Test("the last call of a slice ends it by leaving; a call that has ended does not leave", arguments: SliceWorld.all)
    func last(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let (ledger, tenant) = (desk.world.ledger, desk.world.tenant)
            let team = try ChargedAccount.budget("team", 400)
            try await desk.make([team])
            let slice = try await desk.take(30, [team])
            let (ended, leaving) = (try desk.call(10, of: slice, [team]), try desk.call(20, of: slice, [team]))
            _ = try await desk.settle([ended], at: 10)
            #expect(try await desk.slices.detach(ended, lease: lease) == .settled)
            #expect(try await desk.slices.detach(leaving, lease: lease) == .open)
            #expect(try await ledger.lapse(slice, of: tenant) == .settled)
            #expect(try await desk.slices.detach(try desk.call(5, of: slice, [team]), lease: lease) == .settled)
            #expect(try await desk.slices.detach(try desk.call(5, of: CallID(), [team]), lease: lease) == .unknown)
            try await expectBooks(desk.world, team) { $0.held == .micros(20) && $0.spent == .micros(10) }
            _ = try await ledger.release(Hold(charge: leaving.charge), outcome: .unsent)
            try await expectBooks(desk.world, team) { $0.held == .zero && $0.spent == .micros(10) }
            #expect(try await desk.differences() == [])
        }
    }

    @Test("a call that leaves a slice which has lapsed, or has too little left, is charged what is available", arguments: SliceWorld.all)
    func late(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let (ledger, tenant) = (desk.world.ledger, desk.world.tenant)
            let team = try ChargedAccount.budget("team", 100)
            try await desk.make([team])
            let (lapsing, small) = (try await desk.take(60, [team], lease: 0), try await desk.take(10, [team]))
            try await desk.world.outliveNow()
            #expect(try await ledger.lapse(lapsing, of: tenant) == .lapsed)
            _ = try await desk.world.held(desk.world.charge(75, [team]))
            for slice in [lapsing, small] {
                let call = try desk.call(20, of: slice, [team])
                for _ in 0..<2 { #expect(try await desk.slices.detach(call, lease: lease) == .lapsed) }
                let receipt = try await ledger.settle(Hold(charge: call.charge), cost: .micros(20), outcome: .ok, report: nil)
                #expect(receipt.state == .lateSettled && receipt.charged == (slice == lapsing ? .micros(15) : .zero))
            }
            try await expectBooks(desk.world, team) { $0.spent == .micros(15) && $0.held == .micros(85) && $0.over == .zero }
            #expect(try await desk.differences() == [])
        }
    }
}
