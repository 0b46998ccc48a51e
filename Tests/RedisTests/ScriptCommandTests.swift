import Fixtures
import Testing

@testable import Redis

@Suite("commands of scripts")
struct ScriptCommandTests {
    private let echo = Script(name: "echo", source: Array("return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]}".utf8))

    private func command(_ second: String = "{t}:b") -> ScriptCommand {
        var command = ScriptCommand(echo, keys: 2, arguments: 3)
        command.key(KeyBase("p:", tag: "t", ":"), "a")
        command.key(second)
        command.argument("text")
        command.argument(Int64.min)
        command.argument([13, 10, 0])
        return command
    }

    @Test("a command written piece by piece is an array of bulk strings, by the script's digest or with its source")
    func bytes() {
        let rest = ["$1\r\n2", "$7\r\np:{t}:a", "$5\r\n{t}:b", "$4\r\ntext", "$20\r\n\(Int64.min)", "$3\r\n\r\n\0"]
        let source = String(decoding: echo.source, as: UTF8.self)
        #expect(text(command().byDigest) == (["*8", "$7\r\nEVALSHA", "$40\r\n\(echo.sha1)"] + rest).map { $0 + "\r\n" }.joined())
        #expect(
            text(command().bySource) == (["*8", "$4\r\nEVAL", "$\(source.utf8.count)\r\n\(source)"] + rest).map { $0 + "\r\n" }.joined())
        #expect(text(EncodedCommand(["GET", -7], keys: ["k"], [.bytes([65])])) == "*4\r\n$3\r\nGET\r\n$2\r\n-7\r\n$1\r\nk\r\n$1\r\nA\r\n")
    }

    @Test(
        "texts of all lengths, written whole or in parts, are told with their lengths",
        arguments: [0, 1, 9, 10, 99, 100, 999, 1_000, 70_000])
    func lengths(_ length: Int) {
        let word = String(repeating: "x", count: length)
        var command = ScriptCommand(echo, keys: 0, arguments: 3)
        command.argument(word)
        command.argument { $0.append(word) }
        command.argument { text in for byte in word.utf8 { text.append([byte]) } }
        let bulk = "$\(length)\r\n\(word)\r\n"
        #expect(text(command.byDigest) == "*6\r\n$7\r\nEVALSHA\r\n$40\r\n\(echo.sha1)\r\n$1\r\n0\r\n\(bulk)\(bulk)\(bulk)")
    }

    @Test(
        "numbers are written in decimal digits, each with its length",
        arguments: [0, 1, 9, 10, 99, 1_234_567_890, -1, .max, .min] as [Int64])
    func numbers(_ number: Int64) {
        var command = ScriptCommand(echo, keys: 0, arguments: 2)
        command.argument(number)
        command.argument { $0.append(number) }
        let decimal = String(number)
        let bulk = "$\(decimal.utf8.count)\r\n\(decimal)\r\n"
        #expect(text(command.byDigest).hasSuffix("\r\n$1\r\n0\r\n\(bulk)\(bulk)"))
    }

    @Test("keys that go together are written as if one by one")
    func runs() throws {
        let base = KeyBase("p:", tag: "t", ":")
        var joined = ScriptCommand(echo, keys: 2, arguments: 0)
        var single = ScriptCommand(echo, keys: 2, arguments: 0)
        joined.keys(KeyRun(base, ["a", "longer name"]))
        single.key("p:{t}:a")
        single.key(base + "longer ", 4) { $0.update(from: Array("name".utf8), count: 4) }
        #expect(text(joined.byDigest) == text(single.byDigest))
        joined.key(KeyBase("p:", tag: "u"), "a")
        #expect(throws: RedisError.crossSlot("p:{t}:a", "p:{u}a")) { try joined.slot() }
    }

    private func text(_ command: EncodedCommand) -> String { command.withBytes { String(decoding: $0, as: UTF8.self) } }

    @Test("its keys are in one slot, or it is not sent")
    func slots() throws {
        #expect(try command().slot() == HashSlot(key: "t".utf8))
        #expect(try command("p:{t}:b").slot() == HashSlot(key: "t".utf8))
        #expect(try ScriptCommand(echo, keys: 0, arguments: 0).slot() == nil)
        for stranger in ["p:{u}:b", "p:t:b", "p:{t", ""] {
            #expect(throws: RedisError.crossSlot("p:{t}:a", stranger)) { try command(stranger).slot() }
        }
    }

    @Test("a server that does not know the script is sent its source")
    func unknown() async throws {
        let server = try await RedisServer.start()
        try await withClient(of: server) { client, _ in
            try await client.ready(timeout: .seconds(5))
            for _ in 0..<2 {
                let reply = try await client.evaluate(command())
                #expect(reply.elements?.map(\.bytes) == ["p:{t}:a", "{t}:b", "text", "\(Int64.min)", "\r\n\0"].map { Array($0.utf8) })
            }
        }
    }
}
