import Fixtures
import NIOCore
import Synchronization
import Testing

@testable import Redis

@Suite("malformed replies")
struct MalformedReplyTests {
    /// Bytes that no Redis says, or not to us.
    static let sequences: [String] = [
        "garbage\r\n", "\r\n", "\0", "$-5\r\n", "$abc\r\n", "$99999999999999999999\r\n", "*-7\r\n", "*abc\r\n", ":12a\r\n", ":\r\n",
        "*2147483647\r\n", "*99999999999\r\n", "*1048577\r\n", "$1073741824\r\nabc", "$67108865\r\n",
        String(repeating: "*1\r\n", count: 100_000), "%1\r\n+a\r\n+b\r\n", ">2\r\n+a\r\n+b\r\n", "_\r\n", "#t\r\n", ",1.5\r\n",
        "+" + String(repeating: "a", count: 2 << 20), "*2\r\n:1\r\n!", "$3\r\nabcdefgh\r\n", "$0\r\nab", "*1\r\n$1\r\nab\r\n+x\r\n",
    ]

    @Test("bytes out of protocol end the connection, fail what waited, and the next connection serves", arguments: sequences.indices)
    func refused(_ index: Int) async throws {
        let bytes = Self.sequences[index]
        let fake = try await FakeRedis.start { $0 == ["BAD"] ? .text(bytes) : .text("+fine\r\n") }
        try await withClient(fake.configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            async let bad = client.failure(of: ["BAD"])
            async let behind = client.failure(of: ["BAD"])
            let failures = await [bad, behind].compactMap { $0 }
            #expect(failures.contains { $0.label == "protocol_violation" })
            #expect(failures.allSatisfy { $0.mayHaveRun })
            #expect(try await client.send(["GOOD"]).text == "fine")
            #expect(fake.connections >= 2)
        }
        try await fake.stop()
    }

    @Test("a reply that nothing asked for ends the connection, and never answers a later command")
    func extraReply() async throws {
        let fake = try await FakeRedis.start { $0 == ["TWICE"] ? .text("+one\r\n+two\r\n") : .text("+fine\r\n") }
        try await withClient(fake.configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(try await client.send(["TWICE"]).text == "one")
            #expect(try await client.send(["GOOD"], idempotent: true).text == "fine")
            #expect(fake.connections == 2)
        }
        try await fake.stop()
    }

    @Test("a reply cut off by the end of the stream is no reply", arguments: ["$10\r\nabc", "*2\r\n:1\r\n", "+OK", ":1", "$3\r\nabc"])
    func truncated(_ bytes: String) async throws {
        let fake = try await FakeRedis.start { _ in .last(bytes) }
        try await withClient(fake.configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            let failure = await client.failure(of: ["X"])
            #expect(failure?.label == "unavailable")
            #expect(failure != .unavailable("no reply in time"))
        }
        try await fake.stop()
    }

    @Test("a reply in single bytes is read as in one piece")
    func singleBytes() throws {
        let reply = "*4\r\n$3\r\nabc\r\n:-42\r\n*2\r\n$-1\r\n*0\r\n-ERR no\r\n+next\r\n"
        let whole: [RedisValue] = [
            .array([.string(Array("abc".utf8)), .integer(-42), .array([.null, .array([])]), .error("ERR no")]),
            .string(Array("next".utf8)),
        ]
        #expect(try read([reply]) == whole)
        #expect(try read(reply.map { String($0) }) == whole)
    }

    @Test("the bounds hold for a reply that comes in many small pieces")
    func bounds() throws {
        let bounds = ReplyReader.Bounds(bytes: 10_000, line: 100, elements: 5_000, depth: 3)
        let element = "$0\r\n\r\n"
        #expect(try read(["*1400\r\n"] + Array(repeating: element, count: 1_400), bounds: bounds).count == 1)
        for pieces in [
            ["*4000\r\n"] + Array(repeating: element, count: 4_000), ["*5001\r\n"], ["*1\r\n*1\r\n*1\r\n*1\r\n"],
            Array(repeating: "+aaaaaaaaa", count: 20), ["$10001\r\n"], ["*1\r\n", "$1", "0001\r\n"],
        ] {
            let failure = #expect(throws: RedisError.self) { try read(pieces, bounds: bounds) }
            #expect(failure?.label == "protocol_violation")
        }
    }

    /// All replies in `pieces`, fed one by one.
    @discardableResult
    private func read(_ pieces: [String], bounds: ReplyReader.Bounds = .init()) throws -> [RedisValue] {
        guard var reader = ReplyReader(bounds: bounds) else { throw FixtureError("memory") }
        var values: [RedisValue] = []
        for piece in pieces {
            try reader.feed(ByteBuffer(string: piece))
            while let reply = try reader.next() { values.append(reply.value) }
        }
        return values
    }
}
