import Fixtures
import Governance
import Redis
import Testing

@testable import Store

@Suite("Books that a failover has set back", .serialized, .timeLimit(.minutes(2)))
struct FailoverRollbackTests {
    @Test("a settle that the next master does not have is told of as a rollback by the node that has seen it, without a call")
    func lost() async throws {
        let redis = try await RedisSentinels()
        try await withClient(at: redis.url, within: .seconds(15)) { client in
            let world = try LedgerWorld.redis(client)
            let ledger = RedisLedger(redis: client, scripts: .watched, rollback: .refuse, node: .sample)
            let keys = KeyNames.standard.keys(of: world.tenant)
            let team = try ChargedAccount.budget("team", 100)
            try await ledger.openBooks(of: world.tenant)
            let watching = Task { await ledger.watchServers() }
            defer { watching.cancel() }
            try await spend(team, at: ledger, world)
            let old = try #require(redis.master)
            for replica in 0..<3 where replica != old {
                let isThere = await eventually { redis.instances.ask(replica, ["HGET", keys.account(team.name), "spent"]) == "1" }
                try #require(isThere)
            }
            // From here on the replicas hear nothing of the master, and may not come back to it.
            _ = redis.instances.ask(old, ["ACL", "SETUSER", "default", "-psync", "-sync", "-replconf"])
            _ = redis.instances.ask(old, ["CLIENT", "KILL", "TYPE", "replica"])
            try await spend(team, at: ledger, world)
            redis.instances.kill(old)
            let new = try await redis.successor(of: old)
            #expect(redis.instances.ask(new, ["HGET", keys.account(team.name), "spent"]) == "1")
            let isTold = await eventually {
                redis.instances.ask(new, ["XRANGE", keys.ledger, "-", "+"])?.contains("\"ledger_rollback\"") == true
            }
            #expect(isTold)
            guard case .refused(.rolledBack(team.name), _) = try await ledger.reserve(world.charge(1, [team])) else {
                Issue.record("not refused")
                return
            }
        }
    }

    private func spend(_ account: ChargedAccount, at ledger: RedisLedger, _ world: LedgerWorld) async throws {
        let charge = try world.charge(1, [account])
        guard case .granted(let hold?, _, _) = try await ledger.reserve(charge) else { throw FixtureError("not granted") }
        _ = try await ledger.settle(hold, cost: .micros(1), outcome: .ok)
    }
}
