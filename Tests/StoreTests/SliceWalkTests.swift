import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Slices at random", .timeLimit(.minutes(2)))
struct SliceWalkTests {
    @Test("whatever is taken, charged, repeated, given back, lapsed and limited, the books are what was answered")
    func walk() async throws {
        for (subject, seed) in zip([SliceWorld.all[0], SliceWorld.all[3]], [1, 2] as [UInt64]) {
            try await subject.run { desk in
                var walk = try SliceWalk(desk, seed: seed)
                try await walk.run(steps: 400)
            }
        }
    }

    @Test("the audit is clean at any moment while calls are charged from slices")
    func audit() async throws {
        try await SliceWorld.all[0].run { desk in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in 10..<14 as Range<UInt64> {
                    group.addTask {
                        var walk = try SliceWalk(desk, seed: seed, isAlone: false)
                        try await walk.run(steps: 150)
                    }
                }
                group.addTask {
                    for _ in 0..<15 {
                        let found = try await desk.differences()
                        #expect(found == [])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await desk.differences() == [])
        }
    }
}

/// Random use of slices of two chains that share an account, with a count of what was answered.
struct SliceWalk {
    private struct Slice {
        let id: CallID
        let chain: Int
        var free: Int64
    }

    private let desk: SliceDesk
    private let isAlone: Bool
    private let chains: [[ChargedAccount]]
    private var random: SplitMix64
    private var slices: [Slice] = []
    private var open: [SliceEnding] = []
    private var ended: [(SliceEnding, Receipt)] = []
    private var charged: Int64 = 0

    init(_ desk: SliceDesk, seed: UInt64, isAlone: Bool = true) throws {
        self.desk = desk
        self.isAlone = isAlone
        random = SplitMix64(state: seed)
        let cap = ChargedAccount(name: .tenant, opening: .micros(3_000_000))
        chains = [[cap, try .budget("team", 2_000_000)], [cap, .cap("c", 900_000), try .budget("other", 2_000_000)]]
    }

    mutating func run(steps: Int) async throws {
        for chain in chains { try await desk.make(chain) }
        for _ in 0..<steps {
            try await step()
            guard isAlone else { continue }
            let books = try await desk.world.balance(chains[0][0])
            let used = books.held.micros + books.spent.micros
            #expect(books.spent == .micros(charged) && books.limit.micros + books.over.micros == books.available.micros + used)
        }
        try await finish()
    }

    private mutating func step() async throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: try await take()
        case 1...4: begin()
        case 5...6: try await end(count: Int.random(in: 1...6, using: &random))
        case 7: try await repeated()
        case 8: giveBack()
        default: try await lapse()
        }
    }

    private mutating func take() async throws {
        let chain = Int.random(in: 0..<2, using: &random)
        let wanted = Int64.random(in: 1...60_000, using: &random)
        let order = desk.order(wanted, chains[chain], least: 10, share: 8, lease: Bool.random(using: &random) ? 3_600_000 : 1)
        guard case .taken(let amount) = try await desk.slices.take(order) else { return }
        slices.append(Slice(id: order.id, chain: chain, free: amount.micros))
    }

    private mutating func begin() {
        guard let place = slices.indices.randomElement(using: &random), slices[place].free > 0 else { return }
        let price = Int64.random(in: 1...max(1, min(9_000, slices[place].free)), using: &random)
        slices[place].free -= price
        guard let hold = try? desk.call(price, of: slices[place].id, chains[slices[place].chain]) else { return }
        let cost = Bool.random(using: &random) ? price : Int64.random(in: 0...price, using: &random)
        open.append(.call(hold, cost: .micros(cost), .ok))
    }

    private mutating func giveBack() {
        guard let place = slices.indices.randomElement(using: &random) else { return }
        let slice = slices.remove(at: place)
        if slice.free > 0 { open.append(.rest(of: slice.id, chains[slice.chain], .micros(slice.free), id: CallID())) }
    }

    private mutating func end(count: Int) async throws {
        open.shuffle(using: &random)
        let batch = Array(open.prefix(count))
        open.removeFirst(batch.count)
        let receipts = try await desk.slices.settle(batch, of: desk.world.tenant)
        for (ending, receipt) in zip(batch, receipts) {
            charged += receipt.charged.micros
            ended.append((ending, receipt))
            if case .call(let hold, let cost, _) = ending {
                #expect(receipt.charged <= hold.charge.amount)
                if receipt.state == .settled { #expect(receipt.charged == cost) }
            }
        }
    }

    /// What was ended before is ended again, in other company, and answers as then.
    private mutating func repeated() async throws {
        let batch = (0..<3).compactMap { _ in ended.randomElement(using: &random) }
        let receipts = try await desk.slices.settle(batch.map(\.0), of: desk.world.tenant)
        for (ending, receipt) in zip(batch, receipts) { #expect(receipt == ending.1) }
    }

    private mutating func lapse() async throws {
        for call in try await desk.world.ledger.due(of: desk.world.tenant, limit: 3).calls {
            _ = try await desk.world.ledger.lapse(call, of: desk.world.tenant)
        }
    }

    /// All is ended and given back: nothing is held any more but what waits to lapse.
    private mutating func finish() async throws {
        while !slices.isEmpty { giveBack() }
        while !open.isEmpty { try await end(count: 9) }
        guard isAlone else { return }
        for call in try await desk.world.ledger.due(of: desk.world.tenant, limit: 500).calls {
            _ = try await desk.world.ledger.lapse(call, of: desk.world.tenant)
        }
        for account in Set(chains.joined()) { try await expectBooks(desk.world, account) { $0.held == .zero } }
        #expect(try await desk.differences() == [])
    }
}
