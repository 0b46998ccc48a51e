import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Slices of budgets in Redis", .timeLimit(.minutes(2)))
struct SliceTests {
    @Test("a slice is held in all accounts of its chain, and taken once", arguments: SliceWorld.all)
    func taking(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let chain = [ChargedAccount.cap("c", 100), try .budget("team", 400)]
            try await desk.make(chain)
            let order = desk.order(60, chain)
            #expect(try await desk.slices.take(order) == .taken(.micros(60)))
            #expect(try await desk.slices.take(order) == .taken(.micros(60)))
            try await expectBooks(desk.world, chain[0]) { $0.held == .micros(60) && $0.available == .micros(40) }
            try await expectBooks(desk.world, chain[1]) { $0.held == .micros(60) && $0.available == .micros(340) }
            #expect(try await desk.world.ledger.extend([order.id], of: desk.world.tenant, lease: 9_000) == [order.id: .open])
            #expect(try await desk.differences() == [])
        }
    }

    @Test("at most a part of what is free in the poorest account is taken, and nothing where that is too little", arguments: SliceWorld.all)
    func nearTheLimit(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let chain = [ChargedAccount.cap("c", 100), try .budget("team", 400)]
            try await desk.make(chain)
            #expect(try await desk.slices.take(desk.order(60, chain, share: 8)) == .taken(.micros(12)))
            #expect(try await desk.slices.take(desk.order(60, chain, least: 12, share: 8)) == .near)
            #expect(try await desk.slices.take(desk.order(60, chain, least: 11, share: 8)) == .taken(.micros(11)))
            _ = try await desk.world.held(desk.world.charge(77, chain))
            #expect(try await desk.slices.take(desk.order(1, chain)) == .near)
            try await expectBooks(desk.world, chain[0]) { $0.held == .micros(100) && $0.over == .zero }
        }
    }

    @Test("no slice makes an account, and none is taken of one that has lost writes", arguments: SliceWorld.all)
    func refusals(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 400)
            #expect(try await desk.slices.take(desk.order(60, [team])) == .refused)
            #expect(try await desk.world.ledger.balance(of: team.name, tenant: desk.world.tenant) == nil)
            try await desk.make([team])
            try await desk.world.intervene(.mark(team.name))
            #expect(try await desk.slices.take(desk.order(60, [team])) == .refused)
            try await expectBooks(desk.world, team) { $0.held == .zero }
        }
    }

    @Test("calls of a slice are each charged once, however often and in which company they are ended", arguments: SliceWorld.all)
    func settling(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let chain = [ChargedAccount.cap("c", 100), try .budget("team", 400)]
            try await desk.make(chain)
            let slice = try await desk.take(60, chain)
            let calls = try (0..<3).map { _ in try desk.call(10, of: slice, chain) }
            let first = try await desk.settle(Array(calls[..<2]), at: 10)
            #expect(first.map(\.state) == [.settled, .settled] && first.map(\.charged) == [.micros(10), .micros(10)])
            #expect(first.map(\.remaining) == [.micros(340), .micros(340)])
            let again = try await desk.settle(calls + [calls[2]], at: 4)
            #expect(again[..<2] == first[...] && again[2].charged == .micros(4) && again[3] == again[2])
            // What the third was reserved and did not cost is free again.
            for account in chain { try await expectBooks(desk.world, account) { $0.spent == .micros(24) && $0.held == .micros(30) } }
            #expect(try await desk.entries() == ["budget_set", "budget_set", "budget_spend", "budget_spend", "budget_spend"])
            #expect(try await desk.differences() == [])
        }
    }

    @Test("a call that did not run costs nothing, and what nobody reserved is given back once", arguments: SliceWorld.all)
    func givingBack(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 400)
            try await desk.make([team])
            let slice = try await desk.take(60, [team])
            let unsent = try desk.call(10, of: slice, [team])
            let ended = try await desk.slices.settle([.call(unsent, cost: .zero, .unsent)], of: desk.world.tenant)
            #expect(ended.first?.charged == .zero)
            let rest = CallID()
            for _ in 0..<2 { #expect(try await desk.giveBack(30, of: slice, [team], id: rest)?.state == .settled) }
            try await expectBooks(desk.world, team) { $0.held == .micros(20) && $0.available == .micros(380) }
            // The last part of it ends it.
            _ = try await desk.giveBack(20, of: slice, [team])
            try await expectBooks(desk.world, team) { $0.held == .zero && $0.spent == .zero }
            #expect(try await desk.world.ledger.due(of: desk.world.tenant, limit: 9).anyOpen == false)
            #expect(try await desk.world.ledger.lapse(slice, of: desk.world.tenant) == .settled)
            let after = try await desk.settle([try desk.call(10, of: slice, [team])], at: 10)
            #expect(after.first?.state == .settled && after.first?.charged == .zero)
            try await expectBooks(desk.world, team) { $0.spent == .zero }
        }
    }

    @Test("a slice lapses whole with its lease; its calls are charged what is available, once", arguments: SliceWorld.all)
    func lapsing(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 100)
            try await desk.make([team])
            let slice = try await desk.take(60, [team], lease: 0)
            _ = try await desk.settle([try desk.call(10, of: slice, [team])], at: 10)
            try await desk.world.outliveNow()
            #expect(try await desk.world.ledger.lapse(slice, of: desk.world.tenant) == .lapsed)
            try await expectBooks(desk.world, team) { $0.held == .zero && $0.spent == .micros(10) && $0.available == .micros(90) }
            _ = try await desk.world.held(desk.world.charge(75, [team]))
            let late = try (0..<2).map { _ in try desk.call(10, of: slice, [team]) }
            for _ in 0..<2 {
                let receipts = try await desk.settle(late, at: 10)
                #expect(receipts.map(\.state) == [.lateSettled, .lateSettled] && receipts.map(\.charged) == [.micros(10), .micros(5)])
            }
            try await expectBooks(desk.world, team) { $0.spent == .micros(25) && $0.available == .zero && $0.over == .zero }
            #expect(try await desk.giveBack(30, of: slice, [team]) != nil)
            try await expectBooks(desk.world, team) { $0.held == .micros(75) && $0.spent == .micros(25) }
            #expect(try await desk.entries() == ["budget_set", "budget_spend", "hold_lapsed", "late_settle", "late_settle"])
            #expect(try await desk.differences() == [])
        }
    }

    @Test("a call for more than its slice has left is charged what that and the account can give", arguments: SliceWorld.all)
    func overdrawing(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 100)
            try await desk.make([team])
            let slice = try await desk.take(20, [team])
            _ = try await desk.world.held(desk.world.charge(75, [team]))
            let receipts = try await desk.settle(try (0..<2).map { _ in try desk.call(15, of: slice, [team]) }, at: 15)
            #expect(receipts.map(\.charged) == [.micros(15), .micros(10)] && receipts.map(\.state) == [.settled, .lateSettled])
            try await expectBooks(desk.world, team) { $0.spent == .micros(25) && $0.held == .micros(75) && $0.over == .zero }
            #expect(try await desk.differences() == [])
        }
    }

    @Test("a call of a slice that nobody knows is charged nothing", arguments: SliceWorld.all)
    func unknown(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 100)
            try await desk.make([team])
            let receipts = try await desk.settle([try desk.call(10, of: CallID(), [team])], at: 10)
            #expect(receipts == [Receipt(state: .unknown, charged: .zero, remaining: .micros(100))])
            try await expectBooks(desk.world, team) { $0.spent == .zero && $0.held == .zero }
        }
    }

    @Test("what cannot be read of one slice keeps no other call from being charged", arguments: SliceWorld.all)
    func unreadable(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 100)
            try await desk.make([team])
            let (good, bad) = (try await desk.take(20, [team]), try await desk.take(20, [team]))
            let key = KeyNames.standard.keys(of: desk.world.tenant).hold(bad)
            _ = try await desk.client.send(["HSET", .text(key), "amount", "much"])
            let receipts = try await desk.settle([try desk.call(10, of: bad, [team]), try desk.call(10, of: good, [team])], at: 10)
            #expect(receipts.map(\.state) == [.unknown, .settled] && receipts.map(\.charged) == [.zero, .micros(10)])
        }
    }

    @Test("a call of a slice is charged to no account that was made anew since", arguments: SliceWorld.all)
    func anew(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let (cap, team) = (ChargedAccount.cap("c", 100), try ChargedAccount.budget("team", 400))
            try await desk.make([cap, team])
            let slice = try await desk.take(60, [cap, team])
            _ = try await desk.client.send(["DEL", .text(KeyNames.standard.keys(of: desk.world.tenant).account(cap.name))])
            try await desk.make([cap])
            let receipts = try await desk.settle([try desk.call(10, of: slice, [cap, team])], at: 10)
            #expect(receipts.map(\.charged) == [.micros(10)])
            try await expectBooks(desk.world, cap) { $0.spent == .zero && $0.held == .zero }
            try await expectBooks(desk.world, team) { $0.spent == .micros(10) && $0.held == .micros(50) }
        }
    }

    @Test("a window that has ended begins anew when a slice is taken or a call of one is charged", arguments: SliceWorld.all)
    func windows(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let now = try await desk.world.now()
            let team = try ChargedAccount.budget("team", 100, window: WindowEnds(first: now + 1_500, second: now + 3_600_000))
            try await desk.make([team])
            let slice = try await desk.take(40, [team])
            _ = try await desk.settle([try desk.call(10, of: slice, [team])], at: 10)
            try await desk.world.advance(1_550)
            _ = try await desk.settle([try desk.call(10, of: slice, [team])], at: 10)
            try await expectBooks(desk.world, team) { $0.spent == .micros(10) && $0.held == .micros(20) }
            let later = team.ending(now + 3_600_000, now + 7_200_000)
            _ = try await desk.take(10, [later])
            #expect(try await desk.entries() == ["budget_set", "budget_spend", "window_reset", "budget_spend"])
            #expect(try await desk.differences() == [])
        }
    }
}
