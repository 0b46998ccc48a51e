import Fixtures
import NIOCore
import Testing

@testable import Redis

@Suite("replies")
struct ReplyTests {
    private func read(_ text: String) throws -> RedisReply {
        guard var reader = ReplyReader() else { throw FixtureError("memory") }
        try reader.feed(ByteBuffer(string: text))
        guard let reply = try reader.next() else { throw FixtureError("no whole reply") }
        return reply
    }

    @Test("elements are found by their index, behind arrays and in them too")
    func elements() throws {
        let nested = try #require(read("*5\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n$2\r\nbc\r\n*0\r\n$-1\r\n+fine\r\n").elements)
        #expect(nested.count == 5)
        #expect(nested[0].elements?[1].elements?[0].text == "a")
        #expect(nested[1].text == "bc")
        #expect(nested[2].elements?.isEmpty == true)
        #expect(nested[3].bytes == nil && nested[3].number == nil && nested[3].elements == nil)
        #expect(nested[4].spells("fine") && !nested[4].spells("fin"))
        #expect(nested.map(\.text) == [nil, "bc", nil, nil, "fine"])
        let flat = try #require(read("*3\r\n:1\r\n$1\r\nx\r\n:-3\r\n").elements)
        #expect(flat[2].number == -3 && flat[1].text == "x" && flat.dropFirst().first?.text == "x")
        #expect(try read(":5\r\n").elements == nil)
    }

    @Test(
        "a string is the number that it spells, or none",
        arguments: [
            "0", "7", "-7", "+7", "007", "999999999999999999", "-999999999999999999", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "", "-", "+", "--1", "1.5", " 1", "1 ", "a",
        ])
    func numbers(_ text: String) throws {
        let reply = try read("$\(text.utf8.count)\r\n\(text)\r\n")
        #expect(reply.number == Int64(text))
        #expect(reply.number == reply.value.number)
    }

    @Test("a reply made of a value is that value")
    func values() throws {
        let value = RedisValue.array([
            .integer(.min), .string(Array("text".utf8)), .array([.null, .array([]), .error("ERR no")]), .string([]), .string([0, 255]),
        ])
        #expect(RedisReply(value).value == value)
        #expect(RedisReply(.string([])).text == "")
    }

    @Test("a reply outlives those that are read behind it, small after large and large after small")
    func outlives() throws {
        guard var reader = ReplyReader() else { throw FixtureError("memory") }
        let large = String(repeating: "x", count: 200_000)
        let texts = ["small", large, "s", "", large + "y"]
        var replies: [RedisReply] = []
        for text in texts {
            try reader.feed(ByteBuffer(string: "*2\r\n$\(text.utf8.count)\r\n\(text)\r\n:1\r\n"))
            if let reply = try reader.next() { replies.append(reply) }
        }
        #expect(replies.map { $0.elements?[0].text } == texts)
        #expect(replies.allSatisfy { $0.elements?[1].number == 1 })
    }
}
