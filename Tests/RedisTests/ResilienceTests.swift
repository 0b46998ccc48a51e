import Fixtures
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Redis

@Suite("when Redis is slow, gone, or back", .serialized, .timeLimit(.minutes(2)))
struct ResilienceTests {
    @Test("a command without a reply fails at its deadline, and its late reply answers nobody else")
    func deadline() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            server.freeze()
            let took = await duration {
                let failure = await client.failure(of: ["ECHO", "late"], timeout: .milliseconds(200))
                #expect(failure == .unavailable("no reply in time"))
            }
            #expect(took >= .milliseconds(200) && took < .milliseconds(700))
            server.thaw()
            for number in 0..<100 { #expect(try await client.send(["ECHO", .integer(Int64(number))]).number == Int64(number)) }
        }
    }

    @Test("under load a freeze fails commands in time, and service resumes within a second of the thaw", arguments: [1_500, 3_000])
    func freeze(_ milliseconds: Int) async throws {
        let server = try await RedisServer.start()
        // The longer freeze outlives the connection: it is given up after a second.
        try await withClient(of: server, timeout: .milliseconds(500)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let load = Load(on: client, callers: 16)
            try #require(await load.reaches(successes: 100))
            server.freeze()
            try await Task.sleep(for: .milliseconds(milliseconds))
            #expect(load.failures > 0)
            server.thaw()
            #expect(await load.reaches(successes: load.successes + 17, within: .seconds(1)))
            try await load.stop()
            #expect(load.slowest < .milliseconds(1_000))
            #expect(load.wrong == 0)
        }
    }

    @Test("killed and restarted on its port, Redis is used again within a second")
    func restart() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server, timeout: .milliseconds(500)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let load = Load(on: client, callers: 16)
            for _ in 0..<3 {
                try #require(await load.reaches(successes: load.successes + 100))
                server.kill()
                try #require(await load.reaches(failures: load.failures + 17))
                #expect(!client.isReady)
                try await server.restart()
                #expect(await load.reaches(successes: load.successes + 17, within: .seconds(1)))
            }
            try await load.stop()
            #expect(load.slowest < .milliseconds(1_000))
            #expect(load.wrong == 0)
            #expect(await eventually { client.isReady })
        }
    }

    @Test("a command given while there is no connection is sent when there is one, or fails unsent at its deadline")
    func waiting() async throws {
        let port = try LoopbackPorts.free()
        try await withClient(RedisConfiguration(host: "127.0.0.1", port: port), loops: 1) { client, _ in
            let took = await duration {
                let failure = await client.failure(of: ["PING"], timeout: .milliseconds(300))
                #expect(failure?.label == "not_sent")
                #expect(failure?.mayHaveRun == false)
            }
            #expect(took >= .milliseconds(300) && took < .milliseconds(900))
            #expect(!client.isReady)
            async let patient = client.send(["PING"], timeout: .seconds(5))
            let fake = try await FakeRedis.start(port: port) { _ in .text("+PONG\r\n") }
            #expect(try await patient.text == "PONG")
            try await fake.stop()
        }
    }

    @Test("more commands than may wait fail at once, unsent")
    func bounded() async throws {
        let fake = try await FakeRedis.start { _ in .nothing }
        var configuration = fake.configuration
        configuration.pendingCommands = 10
        configuration.pendingBytes = 10_000
        try await withClient(configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let large = await client.failure(of: ["SET", "key", .bytes([UInt8](repeating: 0, count: 20_000))])
            #expect(large?.label == "not_sent")
            await withTaskGroup(of: RedisError?.self) { tasks in
                for _ in 0..<30 { tasks.addTask { await client.failure(of: ["PING"], timeout: .milliseconds(300)) } }
                var labels: [String: Int] = [:]
                for await failure in tasks { labels[failure?.label ?? "none", default: 0] += 1 }
                #expect(labels == ["not_sent": 20, "unavailable": 10])
            }
        }
        try await fake.stop()
    }

    @Test("a command that may have run is repeated only when it is idempotent")
    func idempotence() async throws {
        let fake = try await FakeRedis.start(FirstThen(.hangUp, .text("+done\r\n")).answer)
        try await withClient(fake.configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(try await client.send(["ONCE"], idempotent: true).text == "done")
        }
        try await fake.stop()
        let other = try await FakeRedis.start(FirstThen(.hangUp, .text("+done\r\n")).answer)
        try await withClient(other.configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let failure = await client.failure(of: ["ONCE"])
            #expect(failure?.label == "unavailable")
            #expect(try await client.send(["ONCE"]).text == "done")
        }
        try await other.stop()
    }

    @Test(
        "a server that cannot run a command yet is asked again",
        arguments: ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS"])
    func notYet(_ code: String) async throws {
        let refusal = FakeRedis.Answer.text("-\(code) not now\r\n")
        let fake = try await FakeRedis.start(FirstThen(refusal, .text("+done\r\n"), times: 3).answer)
        try await withClient(fake.configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(try await client.send(["ONCE"]).text == "done")
        }
        try await fake.stop()
        let never = try await FakeRedis.start { _ in refusal }
        try await withClient(never.configuration, loops: 1) { client, _ in
            let took = await duration {
                let failure = await client.failure(of: ["ONCE"], timeout: .milliseconds(300))
                #expect(failure == .server(code: code, message: "\(code) not now"))
            }
            #expect(took < .milliseconds(600))
        }
        try await never.stop()
    }

    @Test("a redirect from a single server is an error at once", arguments: ["MOVED 1 127.0.0.1:1", "ASK 1 127.0.0.1:1", "ERR no"])
    func final(_ text: String) async throws {
        let asked = Mutex(0)
        let fake = try await FakeRedis.start { _ in
            asked.withLock { $0 += 1 }
            return .text("-\(text)\r\n")
        }
        try await withClient(fake.configuration, loops: 1) { client, _ in
            let failure = await client.failure(of: ["X"])
            #expect(failure?.label == "server_error")
        }
        #expect(asked.withLock { $0 } == 1)
        try await fake.stop()
    }

    @Test("a replica is not used")
    func replica() async throws {
        let master = try await RedisServer.start()
        let replica = try await RedisServer.start(["--replicaof", "127.0.0.1", String(master.port)])
        try await withClient(of: replica, timeout: .milliseconds(400)) { client, _ in
            let failure = await client.failure(of: ["PING"])
            guard case .notSent(let reason) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(reason.contains("not a master"))
            _ = try replica.cli("REPLICAOF", "NO", "ONE")
            try await client.ready(timeout: .seconds(2))
        }
    }

    @Test("a server that is demoted while connected is left at the next heartbeat")
    func demoted() async throws {
        let master = try await RedisServer.start()
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.heartbeat = .milliseconds(50)
        try await withClient(configuration) { client, _ in
            try await client.ready(timeout: .seconds(5))
            _ = try server.cli("REPLICAOF", "127.0.0.1", String(master.port))
            #expect(await eventually { !client.isReady })
        }
    }

    @Test("stopping fails what waits")
    func stopping() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let fake = try await FakeRedis.start { _ in .nothing }
        let client = RedisClient(configuration: fake.configuration, group: group, logger: quiet)
        let running = Task { try await client.run() }
        try await client.ready(timeout: .seconds(5))
        async let waiting = client.failure(of: ["PING"], timeout: .seconds(30))
        async let second = client.failure(of: ["PING"], timeout: .seconds(30))
        _ = await client.failure(of: ["PING"], timeout: .milliseconds(50))
        running.cancel()
        let failures = await [waiting, second]
        #expect(failures == [.unavailable("the connection was given up"), .unavailable("the connection was given up")])
        _ = await running.result
        try await fake.stop()
        try await group.shutdownGracefully()
    }
}

/// Gives one answer a number of times, then another.
final class FirstThen: Sendable {
    private let left: Mutex<Int>
    private let first: FakeRedis.Answer
    private let then: FakeRedis.Answer

    init(_ first: FakeRedis.Answer, _ then: FakeRedis.Answer, times: Int = 1) {
        self.first = first
        self.then = then
        self.left = Mutex(times)
    }

    @Sendable func answer(_ command: [String]) -> FakeRedis.Answer {
        left.withLock { left in
            left -= 1
            return left >= 0 ? first : then
        }
    }
}

/// Callers that ask without a pause until stopped, and check each reply.
final class Load: Sendable {
    private struct Tally {
        var successes = 0
        var failures = 0
        var wrong = 0
        var slowest = Duration.zero
        var running = true
    }

    private let tally = Mutex(Tally())
    private let task = Mutex<Task<Void, Never>?>(nil)

    var successes: Int { tally.withLock { $0.successes } }
    var failures: Int { tally.withLock { $0.failures } }
    var wrong: Int { tally.withLock { $0.wrong } }
    var slowest: Duration { tally.withLock { $0.slowest } }

    init(on client: RedisClient, callers: Int) {
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<callers { group.addTask { await self.call(client, as: caller) } }
            }
        }
        self.task.withLock { $0 = task }
    }

    /// True once it has so many successes and failures.
    func reaches(successes: Int = 0, failures: Int = 0, within limit: Duration = .seconds(5)) async -> Bool {
        await eventually(within: limit) { self.successes >= successes && self.failures >= failures }
    }

    func stop() async throws {
        tally.withLock { $0.running = false }
        await task.withLock { $0 }?.value
    }

    private func call(_ client: RedisClient, as caller: Int) async {
        var number = Int64(caller) << 32
        while tally.withLock({ $0.running }) {
            number += 1
            let mine = number
            let began = ContinuousClock.now
            let outcome: Bool?
            do { outcome = try await client.send(["ECHO", .integer(mine)]).number == mine } catch { outcome = nil }
            let took = ContinuousClock.now - began
            tally.withLock { tally in
                tally.slowest = max(tally.slowest, took)
                switch outcome {
                case true?: tally.successes += 1
                case false?: tally.wrong += 1
                case nil: tally.failures += 1
                }
            }
        }
    }
}
