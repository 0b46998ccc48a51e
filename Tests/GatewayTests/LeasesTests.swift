import Fixtures
import Governance
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

@Suite("Leases", .timeLimit(.minutes(1)))
struct LeasesTests {
    @Test("reserve without asking as soon as a slice is there, and give back what is left when they are stopped")
    func wholeLife() async throws {
        let bank = Bank()
        try await bank.run(until: { $0.taken <= $0.spent + $0.returned }) { leases in
            for hold in try await reserved(5, by: leases) {
                let receipt = try await leases.batches.settle(.call(hold, cost: hold.charge.amount, .end), of: hold.charge.tenant)
                #expect(receipt.state == .settled)
                leases.ended(hold, receipt)
            }
        }
        #expect(bank.sums.taken == bank.sums.spent + bank.sums.returned && bank.sums.spent == 50)
    }

    @Test("stop using what they have when it is recalled, and when an end finds something else than it should")
    func recalls() async throws {
        let other: TenantName = try #require(TenantName("other"))
        try await Bank().run { leases in
            _ = try await reserved(1, by: leases)
            leases.recall(other)
            #expect(leases.reserve(try .plain(10)) != nil)
            leases.recall()
            #expect(leases.reserve(try .plain(10)) == nil)
            let hold = try #require(try await reserved(1, by: leases).first)
            leases.ended(hold, Receipt(state: .lateSettled, charged: .zero, remaining: nil))
            #expect(leases.reserve(try .plain(10)) == nil)
        }
    }

    @Test("calls that end in one tick of a loop are ended together, and each has its own receipt")
    func batches() async throws {
        let bank = Bank()
        let batches = SliceBatches(bank)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let tasks = LoopTasks(group.next())
        let charged = Mutex<[Int64]>([])
        tasks.loop.execute {
            for price in 1...20 as ClosedRange<Int64> {
                tasks.start {
                    guard let hold = try? Hold(charge: .plain(price), slice: CallID()) else { return }
                    let receipt = try? await batches.settle(.call(hold, cost: hold.charge.amount, .end), of: hold.charge.tenant)
                    if let receipt, receipt.charged == hold.charge.amount { charged.withLock { $0.append(price) } }
                }
            }
        }
        try await wait { charged.withLock { $0.count } == 20 }
        #expect(charged.withLock { $0.sorted() } == Array(1...20) && bank.sums.batches == 1)
        try await group.shutdownGracefully()
    }

    @Test("give back what they have of an account in which credit lacks, ask the others once in a while, and try again")
    func lack() async throws {
        let bank = Bank()
        let team = AccountName.budget(try #require(BudgetName("team")))
        let tenant = try #require(TenantName("acme"))
        try await bank.run { leases in
            _ = try await reserved(1, by: leases)
            leases.recall(tenant, .tenant)
            #expect(leases.reserve(try .plain(10)) != nil, "no account of theirs")
            #expect(await leases.regain(team, of: tenant))
            #expect(leases.reserve(try .plain(10)) == nil)
            #expect(await leases.regain(team, of: tenant) == false, "asked just now")
            #expect(await leases.regain(.tenant, of: tenant))
        }
        #expect(bank.sums.recalled == [team, .tenant])
    }

    @Test("a call that leaves its slice is none of it any more; one that has lapsed meanwhile is told")
    func leaving() async throws {
        let bank = Bank()
        try await bank.run { leases in
            let hold = try #require(try await reserved(1, by: leases).first)
            let own = try #require(try await leases.detach(hold))
            #expect(own.slice == nil && own.charge === hold.charge)
            #expect(try await leases.detach(own)?.slice == nil)
            bank.lapse()
            let other = try #require(try await reserved(1, by: leases).first)
            #expect(try await leases.detach(other) == nil)
        }
        #expect(bank.sums.detached == 1)
    }

    /// Calls of 10 that are reserved from slices, asked for until there are so many.
    private func reserved(_ count: Int, by leases: Leases) async throws -> [Hold] {
        var holds: [Hold] = []
        try await wait {
            if let hold = leases.reserve(try .plain(10)) { holds.append(hold) }
            return holds.count == count
        }
        return holds
    }
}

/// Returns when it holds, or after 15 s.
private func wait(_ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(15)
    while try !condition(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
}

/// Books that only add up what they are told.
private final class Bank: Slices {
    struct Sums {
        var taken: Int64 = 0
        var spent: Int64 = 0
        var returned: Int64 = 0
        var batches = 0
        var detached = 0
        var recalled: [AccountName] = []
        var isLapsed = false
    }

    private let state = Mutex(Sums())

    var sums: Sums { state.withLock { $0 } }

    func take(_ order: SliceOrder) -> SliceGrant {
        state.withLock { $0.taken += order.wanted.micros }
        return .taken(order.wanted)
    }

    func settle(_ endings: [SliceEnding], of tenant: TenantName) -> [Receipt] {
        state.withLock { sums in
            sums.batches += 1
            return endings.map { ending in
                switch ending {
                case .call(_, let cost, _):
                    sums.spent += cost.micros
                    return Receipt(state: .settled, charged: cost, remaining: nil)
                case .rest(_, _, let amount, _):
                    sums.returned += amount.micros
                    return Receipt(state: .settled, charged: .zero, remaining: nil)
                }
            }
        }
    }

    /// From now on slices have lapsed.
    func lapse() { state.withLock { $0.isLapsed = true } }

    func detach(_ hold: Hold, lease: Int64) -> HoldState {
        state.withLock { sums in
            if sums.isLapsed { return .lapsed }
            sums.detached += 1
            return .open
        }
    }

    func recall(_ account: AccountName, of tenant: TenantName) { state.withLock { $0.recalled.append(account) } }

    /// Runs `body` with leases on these books, and stops them; they may go on `until` the sums are so.
    func run(until isOver: (Sums) -> Bool = { _ in true }, _ body: (Leases) async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let clock = ManualClock()
        let ledger = InMemoryLedger(clock: clock, sessions: InMemorySessionDirectory(clock: clock))
        let holds = OpenHolds(ledger: ledger, lease: 60_000, logger: logger)
        let leases = Leases(slices: self, holds: holds, node: NodeID(), lease: 60_000, logger: logger, now: { 0 })
        let running = Task { try await leases.run() }
        try await body(leases)
        await leases.stop()
        try await wait { isOver(sums) }
        running.cancel()
        _ = await running.result
    }
}

extension Charge {
    /// Of one budget.
    fileprivate static func plain(_ price: Int64) throws -> Charge {
        let team = AccountName.budget(try #require(BudgetName("team")))
        let context = CallContext(
            session: nil, token: .of("a"), budget: team, node: NodeID(), tool: "echo", upstream: try #require(UpstreamName("u")))
        return Charge(
            call: CallID(), tenant: try #require(TenantName("acme")), amount: try #require(Credits(micros: price)),
            accounts: [ChargedAccount(name: team)], session: nil, transport: .streamable, lineage: [], lease: 1_000, context: context)
    }
}

extension CallOutcome {
    fileprivate static var end: CallOutcome { CallOutcome(kind: .ok, duration: 1) }
}
