import Governance
import Testing

@testable import Gateway

@Suite("What a node reserves by itself")
struct ChainLeaseTests {
    @Test("no slice is asked for by a few calls, and one of what a second spends by many")
    func sizing() throws {
        var lease = ChainLease()
        for call in 0..<3 as Range<Int64> { #expect(lease.reserve(10, at: call * 10).actions == []) }
        #expect(lease.reserve(10, at: 5_000).actions == [], "what was long ago does not count")
        var wanted: Int64 = 0
        for call in 0..<300 as Range<Int64> {
            guard case .take(let id, let amount, let least) = lease.reserve(10, at: 6_000 + call * 10).actions.first else { continue }
            #expect(least == 40)
            wanted = amount
            _ = lease.refused(id, at: 6_000 + call * 10 - ChainLease.patience)
        }
        #expect((800...1_200).contains(wanted), "100 calls a second at 10 each: \(wanted)")
    }

    @Test("calls are reserved out of a slice until its end, then what is free is given back")
    func useful() throws {
        var lease = ChainLease()
        let slice = try lease.taken(100, until: 2_000)
        #expect(lease.reserve(60, at: 1_500).slice == slice)
        #expect(lease.reserve(60, at: 1_500).slice == nil, "too little is left")
        #expect(lease.reserve(10, at: 1_999).slice == slice)
        let (late, actions) = lease.reserve(10, at: 2_000)
        #expect(late == nil && actions.contains(.giveBack(slice, 30)))
        #expect(lease.ended(slice) == [])
        #expect(lease.ended(slice) == [.forget(slice)])
    }

    @Test("what is recalled is not reserved from any more, nor is what was being taken then")
    func recall() throws {
        var lease = ChainLease()
        let slice = try lease.taken(100, until: 9_000)
        #expect(lease.reserve(10, at: 1_100).slice == slice)
        #expect(lease.recall() == [.giveBack(slice, 90)])
        #expect(lease.reserve(10, at: 1_200).slice == nil)
        #expect(lease.ended(slice) == [.forget(slice)])

        var other = ChainLease()
        let ordered = other.ordered(at: 1_000)
        let order = try #require(ordered)
        #expect(other.recall() == [])
        #expect(other.granted(order, 50, until: 9_000, at: 1_010) == [.giveBack(order, 50), .forget(order)])
        #expect(other.reserve(10, at: 1_020).slice == nil)
    }

    @Test("where credit lacks all is given back, and none is asked for again at once")
    func lack() throws {
        var lease = ChainLease()
        let slice = try lease.taken(100, until: 90_000)
        #expect(lease.lacks(at: 1_100) == [.giveBack(slice, 100), .forget(slice)])
        for call in 0..<50 as Range<Int64> { #expect(lease.reserve(10, at: 1_110 + call).actions == []) }
        let later = 1_100 + ChainLease.patience
        var asks = false
        for call in 0..<50 as Range<Int64> { asks = asks || !lease.reserve(10, at: later + call).actions.isEmpty }
        #expect(asks)
    }

    @Test("of one slice no more calls are reserved than may be remembered with it")
    func many() throws {
        var lease = ChainLease()
        let slice = try lease.taken(1_000_000, until: 90_000)
        for _ in 0..<ChainLease.most { #expect(lease.reserve(1, at: 1_100).slice == slice) }
        let (next, actions) = lease.reserve(1, at: 1_100)
        #expect(next == nil && actions.contains(.giveBack(slice, 1_000_000 - Int64(ChainLease.most))))
    }

    @Test("what nobody takes from is given back, and an order of which nothing is known is given back whole")
    func idleness() throws {
        var lease = ChainLease()
        let slice = try lease.taken(100, until: 90_000)
        #expect(lease.passed(at: 1_000 + ChainLease.idleness) == [])
        #expect(lease.passed(at: 1_100 + ChainLease.idleness) == [.giveBack(slice, 100), .forget(slice)])

        var other = ChainLease()
        let ordered = other.ordered(at: 1_000)
        let order = try #require(ordered)
        let actions = other.failed(order, at: 1_010)
        #expect(actions.count == 2 && actions.last == .forget(order))
        #expect(other.granted(order, 50, until: 9_000, at: 1_020) == [.giveBack(order, 50)], "its grant comes later all the same")
    }

    @Test("whatever happens, no more leaves a slice than was granted, and each is given back whole and forgotten once")
    func walk() {
        for seed in 0..<200 as Range<UInt64> {
            var walk = ChainLeaseWalk(seed: seed)
            for _ in 0..<400 { walk.step() }
            walk.finish()
        }
    }
}

extension ChainLease {
    /// Asks until a slice is wanted.
    fileprivate mutating func ordered(at now: Int64) -> CallID? {
        for _ in 0..<50 { if case .take(let id, _, _) = reserve(10, at: now).actions.last { return id } }
        return nil
    }

    /// Brings a slice in, at 1,000 ms.
    fileprivate mutating func taken(_ amount: Int64, until: Int64) throws -> CallID {
        let ordered = ordered(at: 1_000)
        let id = try #require(ordered)
        #expect(granted(id, amount, until: until, at: 1_000) == [])
        return id
    }
}

/// Random use of one chain, with what Redis would have of its slices.
private struct ChainLeaseWalk {
    private struct Kept {
        var left: Int64
        let until: Int64
        var calls = 0
        var isForgotten = false
        var isRecalled = false
    }

    private var random: SystemWalk
    private var lease = ChainLease()
    private var now: Int64 = 0
    private var kept: [CallID: Kept] = [:]
    private var order: CallID?
    private var running: [CallID] = []

    init(seed: UInt64) { random = SystemWalk(state: seed) }

    mutating func step() {
        now += Int64.random(in: 0...40, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: reserve()
        case 9..<12: answer()
        case 12..<17: end()
        case 17: now += Int64.random(in: 0...2_500, using: &random)
        case 18: take(lease.passed(at: now))
        default:
            for id in kept.keys { kept[id]?.isRecalled = true }
            take(lease.recall())
        }
    }

    private mutating func reserve() {
        let price = Int64.random(in: 1...50, using: &random)
        let (slice, actions) = lease.reserve(price, at: now)
        if let slice {
            let known = kept[slice]
            #expect(known.map { $0.until > now && $0.left >= price && !$0.isForgotten && !$0.isRecalled } == true)
            kept[slice]?.left -= price
            kept[slice]?.calls += 1
            running.append(slice)
        }
        take(actions)
    }

    private mutating func answer() {
        guard let id = order else { return }
        order = nil
        switch Int.random(in: 0..<5, using: &random) {
        case 0: take(lease.refused(id, at: now), of: id)
        case 1: take(lease.failed(id, at: now), of: id)
        default:
            let amount = Int64.random(in: 1...2_000, using: &random)
            let until = now + Int64.random(in: -5...1_500, using: &random)
            kept[id] = Kept(left: amount, until: until)
            take(lease.granted(id, amount, until: until, at: now))
        }
    }

    private mutating func end() {
        guard let place = running.indices.randomElement(using: &random) else { return }
        let slice = running.remove(at: place)
        kept[slice]?.calls -= 1
        take(lease.ended(slice))
    }

    private mutating func take(_ actions: [ChainLease.Action], of lost: CallID? = nil) {
        for action in actions {
            switch action {
            case .take(let id, let wanted, let least):
                #expect(order == nil && wanted >= least && least > 0)
                order = id
            case .giveBack(let id, let amount):
                guard id != lost else { continue }
                #expect(amount > 0 && kept[id].map { $0.left >= amount } == true)
                kept[id]?.left -= amount
            case .forget(let id):
                guard id != lost else { continue }
                #expect(kept[id].map { !$0.isForgotten && $0.left == 0 && $0.calls == 0 } == true)
                kept[id]?.isForgotten = true
            }
        }
    }

    mutating func finish() {
        answer()
        take(lease.recall())
        while !running.isEmpty { end() }
        #expect(kept.values.allSatisfy { $0.isForgotten && $0.left == 0 } && lease.free == 0)
    }
}

/// A small seeded generator.
private struct SystemWalk: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
