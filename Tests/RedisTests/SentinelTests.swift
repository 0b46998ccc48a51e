import Fixtures
import NIOCore
import Testing

@testable import Redis

@Suite("which master a majority of sentinels makes", .serialized, .timeLimit(.minutes(2)))
struct SentinelTests {
    private func configuration(_ sentinels: [FakeSentinel], timeout: Duration = .seconds(10)) -> RedisConfiguration {
        let addresses = sentinels.map { ServerAddress(host: "127.0.0.1", port: $0.port) }
        var configuration = RedisConfiguration(.sentinels(addresses, master: "mymaster"))
        configuration.commandTimeout = timeout
        return configuration
    }

    /// Two servers, neither knowing of the other: `who` tells them apart.
    private func servers() async throws -> (first: RedisServer, second: RedisServer) {
        let (first, second) = (try await RedisServer.start(), try await RedisServer.start())
        _ = try first.cli("SET", "who", "first")
        _ = try second.cli("SET", "who", "second")
        return (first, second)
    }

    private func who(_ client: RedisClient) async throws -> String? { try await client.send(["GET", "who"]).text }

    private func turns(_ client: RedisClient, to name: String) async -> Bool {
        await eventually { (try? await who(client)) == name }
    }

    @Test("one of three moves nobody; two do, though the old master still answers and is healthy")
    func majority() async throws {
        let (first, second) = try await servers()
        let sentinels = try await FakeSentinel.three(naming: first.port)
        try await withClient(configuration(sentinels)) { client, _ in
            try await client.ready(timeout: .seconds(15))
            #expect(try await who(client) == "first")
            sentinels[0].name(second.port)
            try #require(await sentinels[0].isAsked(3))
            #expect(try await who(client) == "first")
            sentinels[2].name(second.port)
            #expect(await turns(client, to: "second"))
            #expect(await eventually { client.isReady })
            sentinels[1].name(second.port)
            try #require(await sentinels[1].isAsked(2))
            sentinels[2].silence()
            sentinels[1].silence()
            sentinels[0].name(first.port)
            try #require(await sentinels[0].isAsked(3))
            #expect(try await who(client) == "second")
        }
        #expect(try second.cli("PING") == "PONG")
    }

    @Test("with a minority that answers nothing is sent anywhere, and it is said why; with a majority it begins")
    func cutOff() async throws {
        let server = try await RedisServer.start()
        let sentinels = try await FakeSentinel.three(naming: nil)
        sentinels[0].name(server.port)
        sentinels[1].silence()
        try await withClient(configuration(sentinels)) { client, _ in
            let took = await duration {
                let failure = await client.failure(of: ["PING"], timeout: .milliseconds(1_500))
                #expect(failure == .notSent("no master is known: of 3 sentinels 2 answer, and 1 name the same master mymaster"))
            }
            #expect(took >= .milliseconds(1_500))
            #expect(!client.isReady)
            async let patient = client.send(["PING"])
            sentinels[2].name(server.port)
            let answer = try await patient
            #expect(answer.text == "PONG")
        }
    }

    @Test("when all sentinels are gone commands go on, also after the master was restarted")
    func alone() async throws {
        let server = try await RedisServer.start()
        let sentinels = try await FakeSentinel.three(naming: server.port)
        try await withClient(configuration(sentinels)) { client, _ in
            try await client.ready(timeout: .seconds(15))
            for sentinel in sentinels { try await sentinel.stop() }
            for number in 0..<100 { #expect(try await client.send(["ECHO", .integer(Int64(number))]).number == Int64(number)) }
            server.kill()
            try await server.restart()
            #expect(try await client.send(["PING"], idempotent: true).text == "PONG")
            #expect(await eventually { client.isReady })
        }
    }

    @Test("sentinels that most of those configured list are asked too, and count; those that one of them makes up do not")
    func learnt() async throws {
        let (first, second) = try await servers()
        let others = try await [FakeSentinel("d", naming: second.port), FakeSentinel("e", naming: second.port)]
        let listed = ["d": others[0].port, "e": others[1].port]
        let liar = try await FakeSentinel("a", naming: second.port, listing: listed)
        let honest = try await [FakeSentinel("b", naming: first.port), FakeSentinel("c", naming: first.port)]
        try await withClient(configuration([liar] + honest)) { client, _ in
            try await client.ready(timeout: .seconds(15))
            try #require(await liar.isAsked(3))
            #expect(try await who(client) == "first")
            #expect(others.allSatisfy { $0.asked == 0 })
        }
        let frank = try await FakeSentinel("b", naming: second.port, listing: listed)
        try await withClient(configuration([liar, frank, honest[1]])) { client, _ in
            #expect(await turns(client, to: "second"))
            #expect(await eventually { others.allSatisfy { $0.asked > 0 } })
            // Two of five; then with the learnt ones three, then five.
            frank.name(first.port)
            try #require(await others[0].isAsked(3))
            #expect(try await who(client) == "second")
            for other in others { other.name(first.port) }
            #expect(await turns(client, to: "first"))
        }
    }

    @Test("a replica that they name is not used before it is a master")
    func promoted() async throws {
        let (first, second) = try await servers()
        _ = try second.cli("REPLICAOF", "127.0.0.1", String(first.port))
        let sentinels = try await FakeSentinel.three(naming: second.port)
        try await withClient(configuration(sentinels)) { client, _ in
            let failure = await client.failure(of: ["PING"], timeout: .milliseconds(500))
            #expect(failure?.description.contains("the server is not a master") == true)
            async let patient = who(client)
            _ = try second.cli("REPLICAOF", "NO", "ONE")
            _ = try second.cli("SET", "who", "promoted")
            _ = try await patient
            #expect(try await who(client) == "promoted")
        }
    }

    @Test("a demoted master is found out within seconds, and what it refuses runs at the next", arguments: [false, true])
    func demoted(isAsked: Bool) async throws {
        let (first, second) = try await servers()
        let sentinels = try await FakeSentinel.three(naming: first.port)
        try await withClient(configuration(sentinels)) { client, _ in
            try await client.ready(timeout: .seconds(15))
            _ = try first.cli("REPLICAOF", "127.0.0.1", String(second.port))
            // A write is refused with READONLY; without one the heartbeat sees it.
            async let write: RedisValue? = isAsked ? client.send(["SET", "written", "yes"]) : nil
            try #require(await sentinels[0].isAsked(2))
            if !isAsked { #expect(await eventually { !client.isReady }) }
            for sentinel in sentinels { sentinel.name(second.port) }
            let written = try await write
            #expect(written?.text == (isAsked ? "OK" : nil))
            // Each loop has a connection of its own that has to find out.
            #expect(await turns(client, to: "second"))
            if isAsked { #expect(try second.cli("GET", "written") == "yes") }
        }
    }

    @Test("after a switch what was not sent runs at the new master, and what may have run only where it is idempotent")
    func retried() async throws {
        let (first, second) = try await servers()
        let sentinels = try await FakeSentinel.three(naming: first.port)
        try await withClient(configuration(sentinels), loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(15))
            first.freeze()
            async let sent = client.failure(of: ["INCR", "n"])
            async let idempotent = client.send(["SET", "k", "v"], idempotent: true)
            try await Task.sleep(for: .milliseconds(100))
            first.kill()
            #expect(await eventually { !client.isReady })
            async let waiting = client.send(["GET", "who"])
            for sentinel in sentinels { sentinel.name(second.port) }
            let (repeated, delayed, lost) = (try await idempotent, try await waiting, await sent)
            #expect(repeated.text == "OK" && delayed.text == "second" && lost?.mayHaveRun == true)
            #expect(try second.cli("EXISTS", "n") == "0")
            #expect(try second.cli("GET", "k") == "v")
        }
    }

    @Test("a master that was replaced by a switch is another server to whoever compares what he knew")
    func news() async throws {
        let (first, second) = try await servers()
        let sentinels = try await FakeSentinel.three(naming: first.port)
        try await withClient(configuration(sentinels)) { client, _ in
            var changes = client.newServers().makeAsyncIterator()
            try await client.ready(timeout: .seconds(15))
            for port in [second.port, first.port] {
                for sentinel in sentinels { sentinel.name(port) }
                await changes.next()
                #expect(await turns(client, to: port == second.port ? "second" : "first"))
            }
        }
    }
}
