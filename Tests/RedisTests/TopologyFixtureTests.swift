import Fixtures
import Testing

/// What the tests of topologies stand on, seen by redis-cli.
@Suite struct TopologyFixtureTests {
    @Test func sentinelsNameTheReplicaThatTookOver() async throws {
        let redis = try await RedisSentinels()
        let first = try #require(redis.master)
        #expect(redis.instances.ask(first, ["SET", "a", "b"]) == "OK")
        let second = try await redis.failover()
        #expect(second != first)
        #expect(redis.instances.ask(second, ["GET", "a"]) == "b")
        redis.instances.kill(second)
        let third = try await redis.successor(of: second)
        #expect(redis.instances.ask(third, ["GET", "a"]) == "b")
    }

    @Test func clustersMoveASlotWithItsKeysAndOutliveAMaster() async throws {
        let redis = try await RedisCluster()
        let first = try #require(redis.master(of: "{a}"))
        for number in 0..<30 { #expect(redis.instances.ask(first, ["SET", "{a}\(number)", "b"]) == "OK") }
        let second = try await redis.moveSlot(of: "{a}") {
            #expect(redis.instances.ask(first, ["CLUSTER", "COUNTKEYSINSLOT", "15495"]) == "10")
        }
        #expect(second != first && redis.master(of: "{a}") == second)
        let third = try await redis.failover(of: "{a}")
        redis.instances.kill(third)
        let fourth = try await redis.successor(of: third, for: "{a}")
        #expect(fourth == second && redis.instances.ask(fourth, ["GET", "{a}7"]) == "b")
        try await redis.instances.restart(third)
        try await redis.recover()
    }
}
