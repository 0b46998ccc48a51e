import Fixtures
import NIOCore
import Testing

@testable import Redis

@Suite("commands that replicas must have", .serialized, .timeLimit(.minutes(2)))
struct DurableTests {
    private static let add = Script(name: "add", source: Array("#!lua\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])".utf8))

    private func command(_ amount: Int64 = 1, to key: String = "{t}:sum") -> ScriptCommand {
        var command = ScriptCommand(Self.add, keys: 1, arguments: 1)
        command.key(key)
        command.argument(amount)
        return command
    }

    private func replicated(_ arguments: [String] = []) async throws -> (master: RedisServer, replica: RedisServer) {
        let master = try await RedisServer.start(["--repl-diskless-sync-delay", "0"] + arguments)
        let replica = try await RedisServer.start(["--replicaof", "127.0.0.1", String(master.port)])
        let isUp = try await eventually { try replica.cli("INFO", "replication").contains("master_link_status:up") }
        try #require(isUp)
        return (master, replica)
    }

    @Test("a command is answered with the replicas that have its writes; the connection is opened with the first such command")
    func acknowledged() async throws {
        let (master, replica) = try await replicated()
        try await withClient(of: master, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let before = try connections(master)
            let reply = try await client.evaluate(command(5), durable: Durable(replicas: 1, timeout: 2_000))
            #expect(reply == Acknowledged(value: .integer(5), replicas: 1))
            #expect(try replica.cli("GET", "{t}:sum") == "5")
            #expect(try connections(master) == before + 1)
            _ = try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 2_000))
            #expect(try connections(master) == before + 1)
        }
    }

    @Test("many at once share their WAITs, and each has its own reply")
    func batches() async throws {
        let (master, replica) = try await replicated()
        try await withClient(of: master) { client, _ in
            let replies = try await withThrowingTaskGroup(of: Acknowledged.self) { tasks in
                for _ in 0..<500 {
                    tasks.addTask { try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 2_000)) }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(replies.compactMap(\.value.number)) == Set(1...500))
            #expect(replies.allSatisfy { $0.replicas == 1 })
        }
        #expect(try replica.cli("GET", "{t}:sum") == "500")
        let waits = try master.cli("INFO", "commandstats").split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_wait:calls=") }
        let count = waits.flatMap { Int($0.dropFirst("cmdstat_wait:calls=".count).prefix { $0 != "," }) }
        #expect(try #require(count) < 500)
    }

    @Test("a replica that is stopped or gone acknowledges nothing: the command ran, and its caller is told so in time")
    func replicaAway() async throws {
        let (master, replica) = try await replicated()
        try await withClient(of: master, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let durable = Durable(replicas: 1, timeout: 150)
            #expect(try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 5_000)).replicas == 1)
            replica.freeze()
            let took = await duration {
                // The second comes while the first one's WAIT stalls the connection.
                async let first = client.evaluate(command(), durable: durable)
                async let second = client.evaluate(command(), durable: durable)
                let replies = try? await [first.replicas, second.replicas]
                #expect(replies == [0, 0])
            }
            #expect(took >= .milliseconds(150) && took < .seconds(2))
            #expect(try await client.send(["GET", "{t}:sum"]).number == 3)
            replica.thaw()
            #expect(try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 5_000)).replicas == 1)
            replica.kill()
            #expect(try await client.evaluate(command(), durable: durable).replicas == 0)
            #expect(try master.cli("GET", "{t}:sum") == "5")
        }
    }

    @Test("whoever waits for more replicas than there are holds up nobody else, on either connection")
    func lanes() async throws {
        let (master, replica) = try await replicated()
        defer { replica.kill() }
        try await withClient(of: master, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            async let greedy = client.evaluate(command(), durable: Durable(replicas: 2, timeout: 1_500))
            let took = try await duration {
                _ = try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 5_000))
                _ = try await client.evaluate(command())
            }
            #expect(took < .milliseconds(1_200))
            #expect(try await greedy.replicas == 1)
        }
    }

    @Test("a master without the replicas that it is to have runs nothing")
    func tooFewReplicas() async throws {
        let master = try await RedisServer.start(["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"])
        try await withClient(of: master, loops: 1, timeout: .milliseconds(300)) { client, _ in
            try await client.ready(timeout: .seconds(5))
            await #expect(throws: RedisError.self) {
                try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 100), idempotent: true)
            }
            #expect(try master.cli("EXISTS", "{t}:sum") == "0")
        }
    }

    @Test("killed and restarted, Redis is waited for again; what was idempotent is repeated, and its repeat acknowledged")
    func restart() async throws {
        let (master, replica) = try await replicated(["--appendonly", "yes", "--appendfsync", "always"])
        defer { replica.kill() }
        try await withClient(of: master, loops: 1, timeout: .seconds(8)) { client, _ in
            let durable = Durable(replicas: 1, timeout: 1_000)
            _ = try await client.evaluate(command(), durable: durable)
            master.kill()
            async let later = client.evaluate(command(), durable: durable, idempotent: true)
            try await master.restart()
            #expect(try await later.value == .integer(2))
            let isBack = try await eventually { try await client.evaluate(command(), durable: durable).replicas == 1 }
            #expect(isBack)
        }
    }

    @Test("stopping fails what waits for its acknowledgement")
    func stopping() async throws {
        let master = try await RedisServer.start()
        let failure = try await withClient(of: master, loops: 1) { client, _ in
            // From now on the server knows the script: the one attempt below is its last.
            _ = try await client.evaluate(command())
            let failure = Task {
                do throws(RedisError) {
                    _ = try await client.evaluate(command(), durable: Durable(replicas: 1, timeout: 8_000))
                    return nil as RedisError?
                } catch { return error }
            }
            let hasRun = try await eventually { try master.cli("GET", "{t}:sum") == "2" }
            #expect(hasRun)
            return failure
        }
        #expect(await failure.value != nil)
    }

    @Test("another run of the server is told of, the same one not; one that does not say which it is, each time")
    func runs() async {
        #expect(await told(of: ["a", "a", "a"]) == false)
        #expect(await told(of: ["a", "b"]))
        #expect(await told(of: ["a", "b", "b"], since: 2) == false)
        #expect(await told(of: [nil]) == false)
        #expect(await told(of: [nil, nil]))
    }

    @Test("a server that was restarted is told of")
    func restarted() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server, loops: 2) { client, _ in
            var changes = client.newServers().makeAsyncIterator()
            try await client.ready(timeout: .seconds(5))
            server.kill()
            try await server.restart()
            #expect(await changes.next() != nil)
        }
    }

    /// True where who listens from the connection at `since` on hears of another run.
    private func told(of runs: [String?], since: Int = 0) async -> Bool {
        let run = ServerRun()
        for id in runs.prefix(since) { run.connected(to: ServerAddress(host: "h", port: 1), run: id) }
        let changes = run.changes()
        for id in runs.dropFirst(since) { run.connected(to: ServerAddress(host: "h", port: 1), run: id) }
        // A stream whose task is cancelled still hands out what it has.
        let first = Task {
            for await _ in changes { return true }
            return false
        }
        try? await Task.sleep(for: .milliseconds(20))
        first.cancel()
        return await first.value
    }

    private func connections(_ server: RedisServer) throws -> Int {
        try server.cli("CLIENT", "LIST").split(whereSeparator: \.isNewline).count { $0.contains("name=satgate") }
    }
}
