import Fixtures
import Governance
import Redis
import Store
import Testing

/// One tenant's books and the slices that a node takes of them, in Redis.
struct SliceWorld: Sendable, CustomTestStringConvertible {
    let testDescription: String
    private let make: @Sendable () async throws -> (LedgerWorld, RedisClient)

    /// Each topology once, and the scripts under watch.
    static let all =
        RedisTopology.allCases.map { topology in
            SliceWorld(testDescription: topology.testDescription) {
                let client = try await SharedRedis.client(of: topology)
                return (try LedgerWorld.redis(client), client)
            }
        } + [
            SliceWorld(testDescription: "Redis, its keys watched") {
                let client = try await SharedRedis.client
                return (try LedgerWorld.redis(client, .watched), client)
            }
        ]

    /// The scripts of `edited`.
    @TaskLocal static var scripts = StoreScripts.embedded

    /// A single server, and the scripts that a test puts there.
    static let edited = SliceWorld(testDescription: "Redis, its scripts edited") {
        let client = try await SharedRedis.client
        return (try LedgerWorld.redis(client, scripts), client)
    }

    /// Runs `body` with open books.
    func run(_ body: (SliceDesk) async throws -> Void) async throws {
        let (world, client) = try await make()
        try await world.ledger.openBooks(of: world.tenant)
        guard let slices = world.ledger as? any Slices else { throw FixtureError("no slices") }
        try await body(SliceDesk(world: world, slices: slices, client: client))
    }
}

/// What takes slices and ends calls of them.
struct SliceDesk: Sendable {
    let world: LedgerWorld
    let slices: any Slices
    let client: RedisClient

    /// Makes the accounts, as a call's own reserve does.
    func make(_ accounts: [ChargedAccount]) async throws {
        let hold = try await world.held(world.charge(1, accounts))
        _ = try await world.ledger.release(hold, outcome: .unsent)
    }

    func order(
        _ wanted: Int64, _ accounts: [ChargedAccount], least: Int64 = 1, share: Int64 = 1, lease: Int64 = 3_600_000, id: CallID = CallID()
    ) -> SliceOrder {
        SliceOrder(
            id: id, tenant: world.tenant, accounts: accounts, wanted: .micros(wanted), least: .micros(least), share: share, lease: lease,
            node: .sample)
    }

    /// Takes a slice of just that much.
    func take(_ wanted: Int64, _ accounts: [ChargedAccount], lease: Int64 = 3_600_000) async throws -> CallID {
        let order = order(wanted, accounts, lease: lease)
        guard try await slices.take(order) == .taken(.micros(wanted)) else { throw FixtureError("not taken") }
        return order.id
    }

    /// A call of `price` that was reserved from the slice.
    func call(_ price: Int64, of slice: CallID, _ accounts: [ChargedAccount]) throws -> Hold {
        Hold(charge: try world.charge(price, accounts), slice: slice)
    }

    func settle(_ holds: [Hold], at cost: Int64) async throws -> [Receipt] {
        try await slices.settle(holds.map { .call($0, cost: .micros(cost), .ok) }, of: world.tenant)
    }

    func giveBack(_ amount: Int64, of slice: CallID, _ accounts: [ChargedAccount], id: CallID = CallID()) async throws -> Receipt? {
        try await slices.settle([.rest(of: slice, accounts, .micros(amount), id: id)], of: world.tenant).first
    }

    /// What the audit finds wrong.
    func differences() async throws -> [AuditDifference] {
        let audit = RedisLedgerAudit(redis: client)
        let accounts = try await RedisBudgetAdmin(redis: client).accounts(of: world.tenant)
        return try await audit.audit(accounts, of: world.tenant, isExact: false) { _ in }.differences
    }

    /// The types of the tenant's events that move money, oldest first.
    func entries() async throws -> [String] {
        try await client.events(in: KeyNames.standard.keys(of: world.tenant).ledger).compactMap { event in
            event.json.split(separator: "\"", maxSplits: 4).dropFirst(3).first.map(String.init)
        }
    }
}
