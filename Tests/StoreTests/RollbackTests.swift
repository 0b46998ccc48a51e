import Fixtures
import Governance
import Redis
import Testing

@testable import Store

@Suite("Books that have lost writes", .serialized, .timeLimit(.minutes(2)))
struct RollbackTests {
    /// Two nodes on one Redis, the first with open books and an account of which it has seen what the last settle left.
    private struct Scene {
        let redis: PrivateRedis
        let world: LedgerWorld
        let keys: TenantKeys
        let team: ChargedAccount
        let other: RedisLedger
        let ledger: RedisLedger
        let admin: RedisBudgetAdmin

        init(_ redis: PrivateRedis, _ policy: RollbackPolicy = .refuse) async throws {
            self.redis = redis
            let world = try LedgerWorld.redis(redis.client)
            ledger = RedisLedger(redis: redis.client, scripts: .watched, rollback: policy, node: .sample)
            other = RedisLedger(redis: redis.client, scripts: .watched, rollback: policy, node: NodeID())
            admin = RedisBudgetAdmin(redis: redis.client)
            keys = KeyNames.standard.keys(of: world.tenant)
            team = try ChargedAccount.budget("team", 100)
            self.world = world
            try await ledger.openBooks(of: world.tenant)
        }

        /// A call of 1 that is settled.
        func spend(at ledger: RedisLedger? = nil) async throws {
            let ledger = ledger ?? self.ledger
            let charge = try world.charge(1, [team])
            guard case .granted(let hold?, _, _) = try await ledger.reserve(charge) else { throw FixtureError("not granted") }
            _ = try await ledger.settle(hold, cost: .micros(1), outcome: .ok)
        }

        func refusal(at ledger: RedisLedger? = nil) async throws -> ReservationRefusal? {
            guard case .refused(let refusal, _) = try await (ledger ?? self.ledger).reserve(world.charge(1, [team])) else { return nil }
            return refusal
        }

        /// What `ledger_rollback` events there are.
        func events() async throws -> [String] {
            try await redis.client.events(in: keys.ledger).map(\.json).filter { $0.contains("\"ledger_rollback\"") }
        }

        /// The account as it is now, to be brought back by `restore`.
        func copy() async throws -> [RedisArgument] {
            let fields = try await redis.client.send(["HGETALL", .text(keys.account(team.name))]).elements ?? []
            return fields.compactMap { $0.bytes.map { .bytes($0) } }
        }

        func restore(_ copy: [RedisArgument]) async throws {
            _ = try await redis.client.send(["DEL", .text(keys.account(team.name))])
            _ = try await redis.client.send(["HSET", .text(keys.account(team.name))] + copy)
        }

        func spent() async throws -> Int64? { try await ledger.balance(of: team.name, tenant: world.tenant)?.spent.micros }
    }

    @Test("an account that has lost writes is refused by every node, and told of once with what was known and what is")
    func refused() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            let copy = try await scene.copy()
            for _ in 0..<3 { try await scene.spend() }
            try await scene.spend(at: scene.other)
            let epoch = try await redis.client.send(["HGET", .text(scene.keys.head), "epoch"]).text
            try await scene.restore(copy)
            for ledger in [scene.ledger, scene.other, scene.ledger] {
                #expect(try await scene.refusal(at: ledger) == .rolledBack(scene.team.name))
            }
            let stranger = RedisLedger(redis: redis.client, scripts: .watched)
            #expect(try await scene.refusal(at: stranger) == .rolledBack(scene.team.name))
            #expect(try await scene.ledger.balance(of: scene.team.name, tenant: scene.world.tenant)?.isRolledBack == true)
            let events = try await scene.events()
            #expect(events.count == 1)
            #expect(events.first?.contains("\"policy\":\"refuse\",\"known\":{\"epoch\":") == true)
            #expect(events.first?.contains("\"version\":9},\"found\":{") == true, "\(events)")
            #expect(events.first?.contains("\"spent\":0.000001") == true)
            #expect(try await redis.client.send(["HGET", .text(scene.keys.head), "epoch"]).text != epoch)
            #expect(try await scene.spent() == 1)
        }
    }

    @Test("under `resume` the call goes on with what is left, all nodes accept the account, and it is told of once")
    func resumed() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis, .resume)
            try await scene.spend()
            let copy = try await scene.copy()
            for _ in 0..<3 { try await scene.spend() }
            try await scene.spend(at: scene.other)
            try await scene.restore(copy)
            for ledger in [scene.ledger, scene.other, scene.ledger] { try await scene.spend(at: ledger) }
            #expect(try await scene.events().count == 1)
            #expect(try await scene.spent() == 4)
            // What is lost again is seen again.
            try await scene.restore(copy)
            try await scene.spend(at: scene.other)
            #expect(try await scene.events().count == 2)
        }
    }

    @Test("a call that was refused while another of its node had the account go on is asked again, not refused")
    func resumedMeanwhile() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis, .resume)
            try await scene.spend()
            let copy = try await scene.copy()
            try await scene.spend()
            try await scene.restore(copy)
            #expect(try await scene.ledger.review(scene.team.name, of: scene.world.tenant) == .resumed)
            // What the node had seen is forgotten with that.
            #expect(try await scene.ledger.review(scene.team.name, of: scene.world.tenant) == .current)
            try await scene.spend()
        }
    }

    @Test("an account that is gone is not made anew in silence, though its tenant is applied again")
    func flushed() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            _ = try await redis.client.send(["FLUSHALL"])
            #expect(try await scene.refusal() == .rolledBack(scene.team.name))
            try await scene.ledger.openBooks(of: scene.world.tenant)
            #expect(try await scene.refusal() == .rolledBack(scene.team.name))
            // Nor by one that has never seen it, once that was noticed.
            #expect(try await scene.refusal(at: scene.other) == .rolledBack(scene.team.name))
            let events = try await scene.events()
            #expect(events.count == 1 && events.first?.contains("\"found\":null") == true, "\(events)")
            #expect(try await scene.spent() == nil)
            #expect(try await scene.admin.resume(scene.team.name, tenant: scene.world.tenant, by: "op") == .anew)
            for ledger in [scene.other, scene.ledger] { try await scene.spend(at: ledger) }
            #expect(try await scene.spent() == 2)
        }
    }

    @Test("under `resume` a node makes the account that is gone anew, and others that have seen the old one accept it")
    func madeAnew() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis, .resume)
            try await scene.spend()
            try await scene.spend(at: scene.other)
            _ = try await redis.client.send(["FLUSHALL"])
            try await scene.ledger.openBooks(of: scene.world.tenant)
            for ledger in [scene.ledger, scene.other, scene.ledger] { try await scene.spend(at: ledger) }
            #expect(try await scene.events().count == 1)
            #expect(try await scene.spent() == 3)
        }
    }

    @Test("an account of another epoch is another account: made by a node that had not seen the one before")
    func otherEpoch() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            _ = try await redis.client.send(["DEL", .text(scene.keys.account(scene.team.name))])
            for _ in 0..<5 { try await scene.spend(at: scene.other) }
            #expect(try await scene.refusal() == .rolledBack(scene.team.name))
            #expect(try await scene.refusal(at: scene.other) == .rolledBack(scene.team.name))
            #expect(try await scene.events().count == 1)
        }
    }

    @Test("an account that is gone goes on from the limit that an operator sets")
    func setAnew() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            _ = try await redis.client.send(["DEL", .text(scene.keys.account(scene.team.name))])
            #expect(try await scene.refusal() == .rolledBack(scene.team.name))
            _ = try await scene.admin.set(
                .micros(5), of: scene.team.name, tenant: scene.world.tenant, as: BudgetRequest(id: RequestName(), operator: "op"))
            for ledger in [scene.ledger, scene.other] { try await scene.spend(at: ledger) }
            #expect(try await scene.spent() == 2)
        }
    }

    @Test("what an operator resumes is charged again by nodes that have seen more")
    func operatorResumes() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            let copy = try await scene.copy()
            try await scene.spend()
            try await scene.restore(copy)
            #expect(try await scene.refusal() == .rolledBack(scene.team.name))
            guard case .done(let books, _) = try await scene.admin.resume(scene.team.name, tenant: scene.world.tenant, by: "op") else {
                Issue.record("not resumed")
                return
            }
            #expect(!books.isRolledBack)
            for ledger in [scene.ledger, scene.other] { try await scene.spend(at: ledger) }
            #expect(try await scene.spent() == 3)
        }
    }

    @Test("an account that may pass its limit is charged all the same, and told of")
    func lenient() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            let copy = try await scene.copy()
            try await scene.spend()
            try await scene.restore(copy)
            let charge = try scene.world.charge(1, [.budget("team", 100, isLenient: true)])
            guard case .granted(_, .rolledBack(scene.team.name)?, _) = try await scene.ledger.reserve(charge) else {
                Issue.record("not granted with that excess")
                return
            }
            #expect(try await scene.events().count == 1)
        }
    }

    @Test("books that went on elsewhere are found out though they are at a later version: they lack a call that was settled")
    func forked() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend()
            let calls = try await redis.client.send(["KEYS", .text(scene.keys.holdBase.text + "*")]).elements?.compactMap(\.text) ?? []
            for _ in 0..<3 { try await scene.spend(at: scene.other) }
            #expect(try await scene.ledger.review(scene.team.name, of: scene.world.tenant) == .current)
            let call = try #require(calls.first)
            #expect(calls.count == 1)
            // The master that took over has the reservation at most.
            _ = try await redis.client.send(["HSET", .text(call), "state", "lapsed"])
            #expect(try await scene.other.review(scene.team.name, of: scene.world.tenant) == .current)
            #expect(try await scene.ledger.review(scene.team.name, of: scene.world.tenant) == .marked)
            #expect(try await scene.refusal(at: scene.other) == .rolledBack(scene.team.name))
            #expect(try await scene.events().count == 1)
        }
    }

    @Test("so are those that lack a call which was settled out of a slice")
    func forkedSlice() async throws {
        try await PrivateRedis.run { redis in
            let scene = try await Scene(redis)
            try await scene.spend(at: scene.other)
            let order = SliceOrder(
                tenant: scene.world.tenant, accounts: [scene.team], wanted: .micros(20), least: .micros(1), share: 1, lease: 60_000,
                node: .sample)
            #expect(try await scene.ledger.take(order) == .taken(.micros(20)))
            let call = Hold(charge: try scene.world.charge(2, [scene.team]), slice: order.id)
            _ = try await scene.ledger.settle([.call(call, cost: .micros(2), .ok)], of: scene.world.tenant)
            for _ in 0..<3 { try await scene.spend(at: scene.other) }
            #expect(try await scene.ledger.review(scene.team.name, of: scene.world.tenant) == .current)
            _ = try await redis.client.send(["HDEL", .text(scene.keys.hold(order.id)), .text(call.charge.call.text)])
            #expect(try await scene.ledger.review(scene.team.name, of: scene.world.tenant) == .marked)
        }
    }

    @Test("restarted from an older copy of its append-only file, Redis is found out at once, before any call")
    func olderFile() async throws {
        try await PrivateRedis.run(["--appendonly", "yes", "--appendfsync", "always"]) { redis in
            let scene = try await Scene(redis)
            let watching = Task { await scene.ledger.watchServers() }
            defer { watching.cancel() }
            try await scene.spend()
            let files = redis.server.directory + "/appendonlydir"
            try run(["cp", "-r", files, files + ".old"])
            for _ in 0..<3 { try await scene.spend() }
            redis.server.kill()
            try run(["rm", "-rf", files])
            try run(["mv", files + ".old", files])
            try await redis.server.restart()
            let isTold = try await eventually {
                try await scene.ledger.balance(of: scene.team.name, tenant: scene.world.tenant)?.isRolledBack == true
            }
            #expect(isTold)
            #expect(try await scene.events().count == 1)
            #expect(try await scene.refusal() == .rolledBack(scene.team.name))
        }
    }
}
