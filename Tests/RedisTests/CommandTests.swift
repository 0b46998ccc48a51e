import Fixtures
import NIOCore
import NIOPosix
import Testing

@testable import Redis

@Suite("commands")
struct CommandTests {
    @Test("a value set is the value got, whatever its bytes")
    func roundTrip() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(try await client.send(["SET", "key", .bytes(bytes)]) == .string(Array("OK".utf8)))
            #expect(try await client.send(["GET", "key"]) == .string(bytes))
            #expect(try await client.send(["GET", "none"]) == .null)
            #expect(try await client.send(["SET", "n", .integer(.min)]).text == "OK")
            #expect(try await client.send(["GET", "n"]).number == .min)
            #expect(try await client.send(["INCR", "counter"]) == .integer(1))
            #expect(try await client.send(["SET", "", ""]).text == "OK")
        }
    }

    @Test("10,000 commands at once over several loops each get their own reply")
    func pipelining() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server, timeout: .seconds(20)) { client, group in
            let executors = Array(group.makeIterator()).map(LoopExecutor.init)
            try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for number in 0..<10_000 {
                    let executor: (any TaskExecutor)? = number % 3 == 2 ? nil : executors[number % 3 % executors.count]
                    tasks.addTask(executorPreference: executor) {
                        try await client.send(["ECHO", .integer(Int64(number))]).number == Int64(number)
                    }
                }
                var right = 0
                for try await mine in tasks where mine { right += 1 }
                #expect(right == 10_000)
            }
        }
    }

    @Test("commands of one caller run in its order, also where it does not wait for replies")
    func order() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server, loops: 1) { client, group in
            try await client.ready(timeout: .seconds(5))
            let executor = LoopExecutor(group.any())
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<500 {
                    tasks.addTask(executorPreference: executor) { _ = try await client.send(["RPUSH", "list", .integer(Int64(number))]) }
                }
                try await tasks.waitForAll()
            }
            let list = try await client.send(["LRANGE", "list", 0, -1]).elements?.compactMap(\.number)
            #expect(list == (0..<500).map(Int64.init))
        }
    }

    @Test("an error reply is thrown with its code; inside an array it is a value")
    func errors() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server) { client, _ in
            _ = try await client.send(["SET", "text", "x"])
            let wrongType = await client.failure(of: ["LPOP", "text"])
            guard case .server(code: "WRONGTYPE", _) = wrongType else {
                Issue.record("\(String(describing: wrongType))")
                return
            }
            #expect(wrongType?.label == "server_error")
            let script = Script(name: "mixed", source: Array("return {1, redis.error_reply('ODD thing'), false, {'x'}}".utf8))
            #expect(
                try await script.run(on: client)
                    == .array([.integer(1), .error("ODD thing"), .null, .array([.string([0x78])])]))
        }
    }

    @Test("a script runs though the server has never seen it, and after it has forgotten it")
    func unknownScript() async throws {
        let server = try await RedisServer.start()
        let script = Script(name: "add", source: Array("return redis.call('INCRBY', KEYS[1], ARGV[1])".utf8))
        #expect(Script(name: "known", source: Array("return 1".utf8)).sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        try await withClient(of: server) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(try await script.run(on: client, keys: ["{a}:n"], arguments: [2]) == .integer(2))
            #expect(try await script.run(on: client, keys: ["{a}:n"], arguments: [2]) == .integer(4))
            _ = try await client.send(["SCRIPT", "FLUSH"])
            #expect(try await script.run(on: client, keys: ["{a}:n"], arguments: [.text("3")]) == .integer(7))
        }
    }

    @Test("keys of different slots are refused on a single server too")
    func crossSlot() async throws {
        let server = try await RedisServer.start()
        let script = Script(name: "none", source: Array("return 1".utf8))
        try await withClient(of: server) { client, _ in
            try await client.ready(timeout: .seconds(5))
            await #expect(throws: RedisError.crossSlot("{a}:1", "{b}:1")) {
                _ = try await script.run(on: client, keys: ["{a}:1", "{a}:2", "{b}:1"])
            }
            let split = await client.failure(of: ["EVAL", "return 1", 3, "{a}:1", "{a}:2", "{b}:1"])
            #expect(split == .crossSlot("{a}:1", "{b}:1"))
            #expect(try await script.run(on: client, keys: ["{a}:1", "{a}:2"]) == .integer(1))
            let deletion = await client.failure(of: ["DEL", "{a}", "{b}"])
            #expect(deletion == .crossSlot("{a}", "{b}"))
            #expect(try await client.send(["DEL", "{a}1", "{a}2"]) == .integer(0))
        }
    }

    @Test("a caller on a loop stays on it")
    func noHop() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server) { client, group in
            try await client.ready(timeout: .seconds(5))
            for loop in group.makeIterator() {
                let stayed = try await Task(executorPreference: LoopExecutor(loop)) {
                    let before = loop.inEventLoop
                    _ = try await client.send(["PING"])
                    return before && loop.inEventLoop
                }.value
                #expect(stayed)
            }
            let connections = try await client.send(["CLIENT", "LIST"]).text ?? ""
            #expect(connections.split(separator: "\n").filter { $0.contains("name=satgate") }.count == 2)
        }
    }

    @Test("the clock is Redis'")
    func clock() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let parts = try await client.send(["TIME"]).elements?.compactMap(\.number) ?? []
            let redis = parts[0] * 1_000 + parts[1] / 1_000
            #expect(abs(client.now() - redis) < 500)
        }
    }
}
