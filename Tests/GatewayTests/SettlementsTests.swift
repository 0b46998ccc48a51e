import Governance
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Gateway

@Suite("Settlements")
struct SettlementsTests {
    @Test("answer the receipt as soon as Redis does, within the deadline")
    func retriesWithinTheDeadline() async throws {
        let ledger = FlakyLedger(failures: 3)
        let settlements = Settlements(ledger: ledger, holds: OpenHolds(ledger: ledger, lease: 1000, logger: .test), logger: .test)
        let receipt = await settlements.end(.settle(try .sample(), cost: .zero, .ok, report: nil), by: .now() + .seconds(10))
        #expect(receipt == .done(Receipt(state: .settled, charged: .zero, remaining: nil)))
        #expect(ledger.settles == 4)
    }

    @Test("go on in the background when the deadline passes, and the hold is settled then")
    func goesOnInTheBackground() async throws {
        let ledger = FlakyLedger(failures: 5)
        let settlements = Settlements(ledger: ledger, holds: OpenHolds(ledger: ledger, lease: 1000, logger: .test), logger: .test)
        let running = Task { try await settlements.run() }
        #expect(await settlements.end(.settle(try .sample(), cost: .zero, .ok, report: nil), by: .now()) == .later)
        let deadline = ContinuousClock.now + .seconds(20)
        while settlements.backlog > 0, ContinuousClock.now < deadline { await Task.yield() }
        #expect(settlements.backlog == 0)
        #expect(ledger.settles == 6)
        running.cancel()
    }

    @Test("tell the nodes on which retries wait, whenever a call with a record has ended")
    func waiters() async throws {
        let nodes = [NodeID(), NodeID()]
        let ledger = FlakyLedger(failures: 1, waiters: nodes)
        let settlements = Settlements(ledger: ledger, holds: OpenHolds(ledger: ledger, lease: 1000, logger: .test), logger: .test)
        let told = Mutex<[(RecordName, [NodeID])]>([])
        settlements.onRecorded { record, nodes in told.withLock { $0.append((record, nodes)) } }
        let record = try #require(RecordName(String(repeating: "a", count: 64)))
        await settlements.end(.settle(try .sample(), cost: .zero, .ok, report: nil), by: .now() + .seconds(10))
        #expect(told.withLock { $0.isEmpty }, "a call without a record has no retries")
        await settlements.end(.settle(try .sample(record), cost: .zero, .ok, report: [1]), by: .now() + .seconds(10))
        await settlements.end(.release(try .sample(record), .ok), by: .now() + .seconds(10))
        #expect(told.withLock { $0.map(\.0) } == [record, record] && told.withLock { $0.allSatisfy { $0.1 == nodes } })
    }
}

extension SettlementsTests {
    @Test("are not tried again where too few replicas have them: they are done")
    func notDurable() async throws {
        let ledger = FlakyLedger(failures: 3, by: .notDurable)
        let settlements = Settlements(ledger: ledger, holds: OpenHolds(ledger: ledger, lease: 1000, logger: .test), logger: .test)
        let ended = await settlements.end(.settle(try .sample(), cost: .zero, .ok, report: nil), by: .now() + .seconds(10))
        #expect(ended == .notDurable && ledger.settles == 1 && settlements.backlog == 0)
    }
}

/// A ledger that is out of reach for the first few settles.
private final class FlakyLedger: Ledger {
    private let state: Mutex<(failures: Int, settles: Int)>
    private let waiters: [NodeID]

    private let failure: StoreError

    init(failures: Int, by failure: StoreError = .unavailable("test"), waiters: [NodeID] = []) {
        state = Mutex((failures, 0))
        self.waiters = waiters
        self.failure = failure
    }

    var settles: Int { state.withLock { $0.settles } }

    func settle(_ hold: Hold, cost: Credits, outcome: CallOutcome, report: [UInt8]?) async throws(StoreError) -> Receipt {
        let fails = state.withLock { state in
            state.settles += 1
            state.failures -= 1
            return state.failures >= 0
        }
        if fails { throw failure }
        return Receipt(state: .settled, charged: cost, remaining: nil, waiters: waiters)
    }

    func openBooks(of tenant: TenantName) async throws(StoreError) {}
    func reserve(_ charge: Charge) async throws(StoreError) -> Reservation { .granted(nil, excess: nil, due: []) }
    func extend(_ holds: [OpenHold], of tenant: TenantName, lease: Int64) async throws(StoreError) -> [CallID: HoldState] { [:] }
    func release(_ hold: Hold, outcome: CallOutcome) async throws(StoreError) -> Receipt {
        Receipt(state: .released, charged: .zero, remaining: nil, waiters: waiters)
    }
    func lapse(_ call: CallID, of tenant: TenantName) async throws(StoreError) -> HoldState { .lapsed }
    func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueHolds { DueHolds(calls: [], anyOpen: false) }
    func balance(of account: AccountName, tenant: TenantName) async throws(StoreError) -> Balance? { nil }
}

extension Hold {
    /// A hold of nothing.
    fileprivate static func sample(_ record: RecordName? = nil) throws -> Hold {
        let context = CallContext(
            session: nil, token: .of("a"), budget: nil, node: NodeID(), tool: "echo", upstream: try #require(UpstreamName("u")))
        return Hold(
            charge: Charge(
                call: CallID(), tenant: try #require(TenantName("acme")), amount: .zero, accounts: [], session: nil,
                transport: .streamable, lineage: [], lease: 1000, context: context,
                record: record.map { CallRecord(name: $0, fingerprint: "") }))
    }
}

extension CallOutcome {
    fileprivate static var ok: CallOutcome { CallOutcome(kind: .ok, duration: 1) }
}

extension Logger {
    fileprivate static var test: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
