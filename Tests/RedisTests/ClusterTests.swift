import Fixtures
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Redis

@Suite("a cluster", .serialized, .timeLimit(.minutes(3)))
struct ClusterTests {
    private static let add = Script(name: "add", source: Array("return redis.call('INCRBY', KEYS[1], ARGV[1])".utf8))
    /// Two counters of one slot that never differ.
    private static let both = Script(
        name: "both",
        source: Array(
            """
            local a, b = redis.call('INCR', KEYS[1]), redis.call('INCR', KEYS[2])
            return a == b and a or redis.error_reply('TORN')
            """.utf8))

    @Test("each key is kept at its owner, the keyless command at any; scripts and durable ones too")
    func everywhere() async throws {
        let cluster = try await RedisCluster()
        try await withClient(try RedisConfiguration(url: cluster.url)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(client.isReady)
            for number in 0..<200 {
                #expect(try await client.send(["SET", .text("k\(number)"), .integer(Int64(number))]).text == "OK")
            }
            for number in 0..<200 { #expect(try await client.send(["GET", .text("k\(number)")]).number == Int64(number)) }
            #expect(try await Self.add.run(on: client, keys: ["k7"], arguments: [5]).number == 12)
            var command = ScriptCommand(Self.add, keys: 1, arguments: 1)
            command.key("k8")
            command.argument(2)
            let acknowledged = try await client.evaluate(command, durable: Durable(replicas: 1, timeout: 2_000), timeout: .seconds(5))
            #expect(acknowledged == Acknowledged(value: .integer(10), replicas: 1))
            #expect(try await client.send(["PING"]).text == "PONG")
            #expect(await client.failure(of: ["MGET", "k1", "k2"]) == .crossSlot("k1", "k2"))
            let sizes = (0..<3).map { cluster.instances.ask($0, ["DBSIZE"]) ?? "" }
            #expect(sizes.allSatisfy { (Int($0) ?? 0) > 30 }, "\(sizes)")
        }
    }

    @Test("starts from any server that answers, a replica too")
    func seeds() async throws {
        let cluster = try await RedisCluster()
        let gone = try LoopbackPorts.free()
        let url = "redis+cluster://127.0.0.1:\(gone),127.0.0.1:\(cluster.instances.ports[4])"
        try await withClient(try RedisConfiguration(url: url)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(try await client.send(["SET", "a", "1"]).text == "OK")
        }
    }

    @Test("a slot that moves under load loses no addition and doubles none; scripts of several keys wait, half of one is never done")
    func move() async throws {
        let cluster = try await RedisCluster()
        try await withClient(try RedisConfiguration(url: cluster.url)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            for number in 0..<60 { _ = try await client.send(["SET", .text("{hot}\(number)"), "x"]) }
            _ = try await Self.both.run(on: client, keys: ["{hot}a", "{hot}b"])
            let load = ClusterLoad(on: client, single: "{hot}count", pair: ("{hot}a", "{hot}b"), other: otherKey(cluster, than: "{hot}"))
            try #require(await eventually { load.tally.singles > 200 })
            for _ in 0..<3 {
                _ = try await cluster.moveSlot(of: "{hot}", batch: 5) {
                    // Some of the slot's keys are here, some there.
                    let before = load.tally.others
                    try #require(await eventually { load.tally.others > before + 200 })
                }
                let (singles, pairs) = (load.tally.singles, load.tally.pairs)
                #expect(await eventually { load.tally.singles > singles + 100 && load.tally.pairs > pairs + 100 })
            }
            await load.stop()
            let tally = load.tally
            #expect(try await client.send(["GET", "{hot}count"]).number == Int64(tally.singles))
            #expect(try await client.send(["GET", "{hot}a"]).number == Int64(tally.pairs + 1))
            #expect(try await client.send(["GET", "{hot}b"]).number == Int64(tally.pairs + 1))
            #expect(tally.wrong.isEmpty, "\(tally.wrong)")
        }
    }

    @Test(
        "a master that is killed, or stands still: its slots are served again within a second of its replica's taking over, others all along",
        arguments: [true, false])
    func failover(_ kills: Bool) async throws {
        let cluster = try await RedisCluster()
        try await withClient(try RedisConfiguration(url: cluster.url)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let changes = Count()
            let watching = Task { for await _ in client.newServers() { changes.add() } }
            defer { watching.cancel() }
            let old = try #require(cluster.master(of: "{hot}"))
            let other = otherKey(cluster, than: "{hot}")
            let load = ClusterLoad(on: client, single: "{hot}count", pair: ("{hot}a", "{hot}b"), other: other)
            try #require(await eventually { load.tally.singles > 200 })
            if kills { cluster.instances.kill(old) } else { cluster.instances.freeze(old) }
            _ = try await cluster.successor(of: old, for: "{hot}probe")
            let successes = load.tally.singles
            #expect(await eventually(within: .seconds(1)) { load.tally.singles > successes + 50 })
            #expect(await eventually { changes.value > 0 })
            let others = load.tally.slowestOther
            #expect(others < .milliseconds(1_500), "\(others)")
            await load.stop()
            #expect(load.tally.wrong.isEmpty, "\(load.tally.wrong)")
        }
    }

    @Test("what waits for a master that died soon after it took in a slot goes on at its replica")
    func diesAfterMove() async throws {
        let cluster = try await RedisCluster()
        var configuration = try RedisConfiguration(url: cluster.url)
        configuration.commandTimeout = .seconds(20)
        try await withClient(configuration) { client, _ in
            try await client.ready(timeout: .seconds(5))
            for number in 0..<50 { _ = try await client.send(["SET", .text("{hot}\(number)"), "1"]) }
            let target = try await cluster.moveSlot(of: "{hot}", batch: 5) {
                // The client is led to the new owner before that has the slot.
                for number in 0..<50 { _ = try await client.send(["GET", .text("{hot}\(number)")]) }
            }
            #expect(try await client.send(["SET", "{hot}", "1"]).text == "OK")
            cluster.instances.kill(target)
            let began = ContinuousClock.now
            #expect(try await client.send(["SET", "{hot}", "2"], idempotent: true).text == "OK")
            #expect(.now - began < .seconds(15), "it waited for the dead one")
        }
    }

    @Test("a shard that is gone altogether fails only its own calls; it is used again when it is back")
    func shardGone() async throws {
        let cluster = try await RedisCluster(["--cluster-require-full-coverage", "no"])
        var configuration = try RedisConfiguration(url: cluster.url)
        configuration.commandTimeout = .milliseconds(500)
        try await withClient(configuration) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let old = try #require(cluster.master(of: "{hot}"))
            let replica = try #require(cluster.replica(of: old))
            let other = otherKey(cluster, than: "{hot}")
            cluster.instances.kill(replica)
            cluster.instances.kill(old)
            for _ in 0..<20 {
                let failure = await client.failure(of: ["SET", "{hot}", "1"])
                #expect(failure != nil)
                #expect(try await client.send(["SET", .text(other), "1"]).text == "OK")
            }
            // Who comes now finds the others.
            try await withClient(configuration) { client, _ in
                try await client.ready(timeout: .seconds(2))
                #expect(try await client.send(["SET", .text(other), "1"]).text == "OK")
            }
            try await cluster.instances.restart(old)
            #expect(await eventually(within: .seconds(30)) { await client.failure(of: ["SET", "{hot}", "1"]) == nil })
        }
    }

    /// A key at another master than that key.
    private func otherKey(_ cluster: RedisCluster, than key: String) -> String {
        let old = cluster.master(of: key)
        return (0..<100).lazy.map { "other\($0)" }.first { cluster.master(of: $0) != old } ?? ""
    }
}

/// Counts from any thread.
final class Count: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
}
