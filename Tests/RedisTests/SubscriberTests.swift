import Fixtures
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Redis

@Suite("a subscriber", .timeLimit(.minutes(1)))
struct SubscriberTests {
    @Test("hears what is published on its channels, in order, and nothing else")
    func hears() async throws {
        let server = try await RedisServer.start()
        try await withSubscriber(of: server) { client, heard in
            for number in 0..<1_000 {
                _ = try await client.send(["PUBLISH", number.isMultiple(of: 2) ? "even" : "odd", .integer(Int64(number))])
                _ = try await client.send(["PUBLISH", "other", "x"])
            }
            #expect(await eventually { heard.messages.count == 1_000 })
            #expect(heard.messages == (0..<1_000).map { ($0.isMultiple(of: 2) ? "even:" : "odd:") + String($0) })
            #expect(heard.readies == 1)
        }
    }

    @Test("hears what is published on every channel whose name fits a pattern, and on no other")
    func patterns() async throws {
        let server = try await RedisServer.start()
        try await withSubscriber(of: server, patterns: ["all:*", "one?"]) { client, heard in
            for round in 1...2 {
                for channel in ["all:a", "one1", "even", "all", "none:all:a", "all:"] {
                    _ = try await client.send(["PUBLISH", .text(channel), .integer(Int64(round))])
                }
                #expect(await eventually { heard.messages.count == 4 * round })
                #expect(heard.messages.suffix(4) == ["all:a", "one1", "even", "all:"].map { "\($0):\(round)" })
                if round == 2 { break }
                _ = try await client.send(["CLIENT", "KILL", "TYPE", "pubsub"])
                #expect(await eventually { heard.readies == 2 })
            }
        }
    }

    @Test("survives being killed: it says that it is ready again, and hears again")
    func killed() async throws {
        let server = try await RedisServer.start()
        try await withSubscriber(of: server) { client, heard in
            for round in 1...3 {
                _ = try await client.send(["CLIENT", "KILL", "TYPE", "pubsub"])
                #expect(await eventually(within: .seconds(1)) { heard.readies == round + 1 })
                _ = try await client.send(["PUBLISH", "even", .integer(Int64(round))])
                #expect(await eventually { heard.messages.last == "even:\(round)" })
            }
        }
    }

    @Test("survives a restart of Redis")
    func restarted() async throws {
        let server = try await RedisServer.start()
        try await withSubscriber(of: server) { client, heard in
            server.kill()
            try await server.restart()
            #expect(await eventually(within: .seconds(1)) { heard.readies == 2 })
            _ = try await client.send(["PUBLISH", "odd", "1"])
            #expect(await eventually { heard.messages == ["odd:1"] })
        }
    }

    @Test("connects anew when it does not hear its own probe, though the socket lives; while it does, it stays")
    func silence() async throws {
        let fake = try await FakeRedis.start { command in
            guard command.first == "SUBSCRIBE" else { return .text(":0\r\n") }
            return .text(
                command.dropFirst().enumerated().map { "*3\r\n$9\r\nsubscribe\r\n$\($1.utf8.count)\r\n\($1)\r\n:\($0 + 1)\r\n" }.joined())
        }
        try await withSubscriber(fake.configuration, interval: .milliseconds(50)) { _, heard in
            #expect(await eventually { heard.readies >= 3 })
        }
        try await fake.stop()
        let server = try await RedisServer.start()
        try await withSubscriber(try RedisConfiguration(url: server.url), interval: .milliseconds(100)) { _, heard in
            try await Task.sleep(for: .milliseconds(800))
            #expect(heard.readies == 1)
            #expect(heard.messages.isEmpty)
            server.freeze()
            try await Task.sleep(for: .milliseconds(800))
            server.thaw()
            #expect(await eventually(within: .seconds(1)) { heard.readies >= 2 })
        }
    }

    @Test("is not ready before every channel is confirmed, and trusts no other push")
    func machine() {
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        func push(_ kind: String, _ channel: String, _ last: RedisValue) -> RedisValue {
            .array([.string(Array(kind.utf8)), .string(Array(channel.utf8)), last])
        }
        func ready() -> SubscriptionMachine {
            var machine = SubscriptionMachine(
                configuration: RedisConfiguration(host: "h"), channels: ["a", "b"], probe: "p", silence: .seconds(3))
            _ = machine.start(now: now)
            _ = machine.opened(now: now, as: nil)
            _ = machine.received(.string([]), now: now)
            _ = machine.received(.array([.string(Array("master".utf8))]), now: now)
            _ = machine.received(.string([]), now: now)
            let subscribing = machine.received(.array([]), now: now)
            #expect(subscribing == .subscribe([["SUBSCRIBE", "a", "b", "p"]]))
            return machine
        }
        var machine = ready()
        let heard = [
            push("subscribe", "a", .integer(1)), push("message", "a", .string([1])), push("subscribe", "b", .integer(2)),
            push("subscribe", "p", .integer(3)), push("message", "p", .string([])),
        ].map { machine.received($0, now: now + .seconds(1)) }
        #expect(heard == [.nothing, .message(channel: "a", [1]), .nothing, .ready, .nothing])
        #expect(machine.expire(now: now + .seconds(3)) == nil)
        #expect(machine.expire(now: now + .seconds(4))?.label == "unavailable")
        for odd: RedisValue in [.null, .integer(1), .array([]), push("subscribe", "z", .integer(1)), push("other", "a", .string([]))] {
            var machine = ready()
            let reception = machine.received(odd, now: now)
            #expect(reception == .broken(.protocolViolation("neither a confirmation nor a message")))
        }
        var refused = ready()
        let refusal = refused.received(.error("NOPERM no"), now: now)
        #expect(refusal == .broken(.server(code: "NOPERM", message: "NOPERM no")))
    }

    /// What a subscriber was told.
    final class Heard: Sendable {
        private let state = Mutex<(readies: Int, messages: [String])>((0, []))
        var readies: Int { state.withLock { $0.readies } }
        var messages: [String] { state.withLock { $0.messages } }
        func ready() { state.withLock { $0.readies += 1 } }
        func message(_ channel: String, _ payload: [UInt8]) {
            state.withLock { $0.messages.append("\(channel):\(String(decoding: payload, as: UTF8.self))") }
        }
    }

    private func withSubscriber(
        of server: RedisServer, patterns: [String] = [], _ body: @escaping @Sendable (RedisClient, Heard) async throws -> Void
    ) async throws { try await withSubscriber(try RedisConfiguration(url: server.url), patterns: patterns, body) }

    private func withSubscriber(
        _ configuration: RedisConfiguration, patterns: [String] = [], interval: Duration = .seconds(1),
        _ body: @escaping @Sendable (RedisClient, Heard) async throws -> Void
    ) async throws {
        try await withClient(configuration) { client, _ in
            let heard = Heard()
            let subscriber = Subscriber(
                client: client, channels: ["even", "odd"], patterns: patterns, probeChannel: "probe", probeInterval: interval,
                onReady: { heard.ready() },
                onMessage: { heard.message($0, $1) })
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await subscriber.run() }
                try #require(await eventually { heard.readies == 1 })
                try await body(client, heard)
                tasks.cancelAll()
            }
        }
    }
}
