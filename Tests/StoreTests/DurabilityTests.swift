import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Books that replicas must have", .serialized, .timeLimit(.minutes(2)))
struct DurabilityTests {
    private let durable = Durability.durable(replicas: 1, timeout: 300)

    private func charge(_ world: LedgerWorld, _ durability: Durability) throws -> Charge {
        let plain = try world.charge(1, [.budget("team", 10)])
        return Charge(
            call: plain.call, tenant: plain.tenant, amount: plain.amount, accounts: plain.accounts, session: nil,
            transport: plain.transport, lineage: plain.lineage, lease: plain.lease, context: plain.context, durability: durability)
    }

    private func replica(of redis: PrivateRedis) async throws -> RedisServer {
        let replica = try await RedisServer.start([
            "--replicaof", "127.0.0.1", String(redis.server.port), "--repl-diskless-sync-delay", "0",
        ])
        let isUp = try await eventually { try replica.cli("INFO", "replication").contains("master_link_status:up") }
        try #require(isUp)
        return replica
    }

    @Test("with its replica a call is reserved and settled; the replica has both when it is answered")
    func acknowledged() async throws {
        try await PrivateRedis.run(["--repl-diskless-sync-delay", "0"]) { redis in
            let replica = try await replica(of: redis)
            let world = try LedgerWorld.redis(redis.client)
            try await world.ledger.openBooks(of: world.tenant)
            let key = KeyNames.standard.keys(of: world.tenant).account(try ChargedAccount.budget("team", 10).name)
            let hold = try await world.held(charge(world, .durable(replicas: 1, timeout: 5_000)))
            #expect(try replica.cli("HGET", key, "held") == "1")
            #expect(try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok).state == .settled)
            #expect(try replica.cli("HGET", key, "spent") == "1")
        }
    }

    @Test("without it a reserve does not stand and is given back; a settle is done, and its repeat stands when the replica is back")
    func replicaStopped() async throws {
        try await PrivateRedis.run(["--repl-diskless-sync-delay", "0"]) { redis in
            let replica = try await replica(of: redis)
            let world = try LedgerWorld.redis(redis.client)
            try await world.ledger.openBooks(of: world.tenant)
            let team = try ChargedAccount.budget("team", 10)
            let hold = try await world.held(charge(world, .durable(replicas: 1, timeout: 5_000)))
            replica.freeze()
            let refused = try charge(world, durable)
            await #expect(throws: StoreError.notDurable) { try await world.ledger.reserve(refused) }
            #expect(try await world.ledger.release(Hold(charge: refused), outcome: .unsent).state == .released)
            #expect(try await world.balance(team).held == .micros(1))
            let short = Hold(
                charge: Charge(
                    call: hold.charge.call, tenant: world.tenant, amount: hold.charge.amount, accounts: hold.charge.accounts, session: nil,
                    transport: hold.charge.transport, lineage: hold.charge.lineage, lease: hold.charge.lease, context: hold.charge.context,
                    durability: durable))
            await #expect(throws: StoreError.notDurable) { try await world.ledger.settle(short, cost: .micros(1), outcome: .ok) }
            #expect(try await world.balance(team).spent == .micros(1))
            // Others do not wait for replicas.
            _ = try await world.held(world.charge(1, [team]))
            replica.thaw()
            let again = try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok)
            #expect(again.state == .settled && again.charged == .micros(1))
            #expect(try await world.balance(team).spent == .micros(1))
        }
    }

    @Test("a master without the replicas that it is to have grants nothing and writes nothing")
    func tooFewReplicas() async throws {
        try await PrivateRedis.run { redis in
            let world = try LedgerWorld.redis(redis.client)
            try await world.ledger.openBooks(of: world.tenant)
            _ = try await redis.client.send(["CONFIG", "SET", "min-replicas-to-write", "1"])
            await #expect(throws: StoreError.self) { try await world.ledger.reserve(charge(world, durable)) }
            #expect(try await world.ledger.balance(of: ChargedAccount.budget("team", 10).name, tenant: world.tenant) == nil)
        }
    }

    @Test("what was acknowledged is there when the replica is promoted; what was not is missed by a node that has seen it")
    func promoted() async throws {
        try await PrivateRedis.run(["--repl-diskless-sync-delay", "0"]) { redis in
            let replica = try await replica(of: redis)
            let world = try LedgerWorld.redis(redis.client)
            let ledger = RedisLedger(redis: redis.client)
            try await ledger.openBooks(of: world.tenant)
            let team = try ChargedAccount.budget("team", 10)
            func spend(_ durability: Durability) async throws {
                guard case .granted(let hold?, _, _) = try await ledger.reserve(charge(world, durability)) else {
                    throw FixtureError("not granted")
                }
                _ = try await ledger.settle(hold, cost: .micros(1), outcome: .ok)
            }
            for _ in 0..<5 { try await spend(.durable(replicas: 1, timeout: 5_000)) }
            _ = try replica.cli("REPLICAOF", "NO", "ONE")
            for _ in 0..<3 { try await spend(.async) }
            #expect(try await world.balance(team).spent == .micros(8))
            // The master that was left behind takes the data of the new one, and this node goes on with them.
            _ = try redis.server.cli("REPLICAOF", "127.0.0.1", String(replica.port))
            let isUp = try await eventually { try redis.server.cli("INFO", "replication").contains("master_link_status:up") }
            #expect(isUp)
            _ = try redis.server.cli("REPLICAOF", "NO", "ONE")
            #expect(try await world.balance(team).spent == .micros(5))
            guard case .refused(.rolledBack(team.name), _) = try await ledger.reserve(charge(world, .async)) else {
                Issue.record("not refused")
                return
            }
        }
    }
}
