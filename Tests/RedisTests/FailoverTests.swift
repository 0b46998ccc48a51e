import Fixtures
import NIOCore
import Synchronization
import Testing

@testable import Redis

@Suite("when sentinels give the master's place to another", .serialized, .timeLimit(.minutes(3)))
struct FailoverTests {
    /// That it takes less than a second is judged by `make failover`: here the machine is busy with other things.
    private static let resumes = Duration.seconds(5)

    @Test("killed: commands go on soon after the next master's first write; back alone, the old one is not used")
    func killed() async throws {
        let redis = try await RedisSentinels()
        try await withFeed(of: redis) { client, load, heard in
            let old = try #require(redis.master)
            redis.instances.kill(old)
            let new = try await redis.successor(of: old)
            #expect(await load.reaches(successes: load.successes + 33, within: Self.resumes))
            #expect(await eventually { client.topology.address(for: nil)?.port == redis.instances.ports[new] })
            try await expectHeard(by: heard, from: client, ready: 2)
            try await redis.instances.restart(old)
            #expect(redis.instances.lines(old, "ROLE").first == "master")
            _ = try await client.send(["SET", "after", "yes"])
            #expect(redis.instances.ask(new, ["GET", "after"]) == "yes")
            try await redis.recover()
            #expect(client.topology.address(for: nil)?.port == redis.instances.ports[new])
            #expect(try await client.send(["GET", "after"]).text == "yes")
        }
    }

    @Test("ordered: commands go on soon, subscribers leave the old server, and commands that replicas must have follow")
    func ordered() async throws {
        let redis = try await RedisSentinels()
        try await withFeed(of: redis) { client, load, heard in
            var command = ScriptCommand(
                Script(name: "add", source: Array("return redis.call('INCR', KEYS[1])".utf8)), keys: 1, arguments: 0)
            command.key("{t}:sum")
            let durable = Durable(replicas: 1, timeout: 2_000)
            let first = try await client.evaluate(command, durable: durable)
            #expect(first.value == .integer(1) && first.replicas >= 1)
            let new = try await redis.failover()
            #expect(await load.reaches(successes: load.successes + 33, within: Self.resumes))
            try await expectHeard(by: heard, from: client, ready: 2)
            #expect(try await client.evaluate(command, durable: durable, idempotent: true).value == .integer(2))
            #expect(redis.instances.ask(new, ["GET", "{t}:sum"]) == "2")
            try await redis.recover()
            let third = try await client.evaluate(command, durable: durable)
            #expect(third.value == .integer(3) && third.replicas >= 1)
        }
    }

    @Test("stopped: commands go on soon after the next master's first write; thawed, the old one is not used")
    func frozen() async throws {
        let redis = try await RedisSentinels()
        try await withFeed(of: redis) { client, load, heard in
            let old = try #require(redis.master)
            redis.instances.freeze(old)
            let new = try await redis.successor(of: old)
            #expect(await load.reaches(successes: load.successes + 33, within: Self.resumes))
            try await expectHeard(by: heard, from: client, ready: 2)
            redis.instances.thaw(old)
            for _ in 0..<50 { _ = try await client.send(["INCR", "after"]) }
            #expect(redis.instances.ask(new, ["GET", "after"]) == "50")
            try await redis.recover()
            #expect(try await client.send(["GET", "after"]).text == "50")
        }
    }

    /// `body` runs with a client of it that is under load, and what its subscriber to `even` is told.
    private func withFeed(
        of redis: RedisSentinels, _ body: @escaping @Sendable (RedisClient, Load, SubscriberTests.Heard) async throws -> Void
    ) async throws {
        var configuration = try RedisConfiguration(url: redis.url)
        configuration.commandTimeout = .milliseconds(500)
        try await withClient(configuration) { client, _ in
            let heard = SubscriberTests.Heard()
            let subscriber = Subscriber(
                client: client, channels: ["even"], probeChannel: "probe", onReady: { heard.ready() }, onMessage: { heard.message($0, $1) })
            try await client.ready(timeout: .seconds(15))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await subscriber.run() }
                try #require(await eventually { heard.readies == 1 })
                let load = Load(on: client, callers: 16)
                try #require(await load.reaches(successes: 100, within: .seconds(15)))
                try await body(client, load, heard)
                try await load.stop()
                #expect(load.wrong == 0)
                tasks.cancelAll()
            }
        }
    }

    private func expectHeard(by heard: SubscriberTests.Heard, from client: RedisClient, ready: Int) async throws {
        #expect(await eventually { heard.readies >= ready })
        _ = try await client.send(["PUBLISH", "even", "1"], timeout: .seconds(10), idempotent: true)
        #expect(await eventually { heard.messages.last == "even:1" })
    }
}
