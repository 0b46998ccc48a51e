import Fixtures
import Testing

@testable import Redis

@Suite("commands of scripts")
struct ScriptCommandTests {
    private let echo = Script(name: "echo", source: Array("return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]}".utf8))

    private func command(_ second: String = "{t}:b") -> ScriptCommand {
        var command = ScriptCommand(echo, keys: 2, arguments: 3)
        command.key("p:{t}:", "a")
        command.key(second)
        command.argument("text")
        command.argument(Int64.min)
        command.argument([13, 10, 0])
        return command
    }

    @Test("a command written piece by piece is the one made of arrays")
    func bytes() {
        let rest: [RedisArgument] = ["text", .integer(.min), .bytes([13, 10, 0])]
        let keys = ["p:{t}:a", "{t}:b"]
        #expect(command().byDigest.bytes == EncodedCommand(["EVALSHA", .text(echo.sha1), 2], keys: keys, rest).bytes)
        #expect(command().bySource.bytes == EncodedCommand(["EVAL", .bytes(echo.source), 2], keys: keys, rest).bytes)
    }

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
