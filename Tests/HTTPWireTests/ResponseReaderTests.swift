import HTTPFuzz
import HTTPWire
import NIOCore
import NIOEmbedded
import Testing

@Suite("Responses")
struct ResponseReaderTests {
    @Test("a well-formed response is read as what it says, interim ones are skipped", arguments: HTTPCodec.allCases)
    func good(_ codec: HTTPCodec) {
        let all = Corpus.goodResponses.map { responses($0, by: codec) }
        #expect(all.allSatisfy { $0.failure == nil && $0.messages.allSatisfy(\.isWhole) })
        #expect(
            all.map(\.wholes) == [
                ["200 {}"], ["200 data: x"], ["202 "], ["204 "], ["200 data: {}\n\n"], ["404 nope"], ["200 x"], ["304 ", "500 "],
            ])
        #expect(all.map { $0.messages[0].keepsAlive } == [true, true, true, true, false, false, true, true])
    }

    @Test("a response that two readers could take differently is refused", arguments: Corpus.badResponses.keys.sorted(), HTTPCodec.allCases)
    func bad(_ name: String, _ codec: HTTPCodec) throws {
        let reading = responses(try #require(Corpus.badResponses[name]), by: codec)
        // NIO counts up to 2^64 and waits for as many bytes.
        let isAwaited = codec == .strict && name == "a chunk size beyond counting"
        #expect((reading.failure == "malformed" || isAwaited) && reading.wholes.isEmpty)
    }

    @Test("a response cut anywhere is read as the whole one", arguments: Corpus.goodResponses + Corpus.badResponses.values.sorted())
    func cuts(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = responses([bytes])
        #expect(responses(bytes.map { [$0] }) == whole)
        for cut in 1..<bytes.count { #expect(responses([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole) }
    }

    @Test("a connection that closes within a response does not end it", arguments: HTTPCodec.allCases)
    func truncated(_ codec: HTTPCodec) {
        func responses(_ text: String) -> Reading { HTTPWireTests.responses(text, by: codec) }
        #expect(responses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc").wholes.isEmpty)
        #expect(responses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").wholes.isEmpty)
        #expect(responses("HTTP/1.1 200 OK\r\n").messages.isEmpty)
    }

    @Test("what comes behind a response stays to be seen", arguments: HTTPCodec.allCases, ["HTTP", "H", "HTTP/1.1 200 OK\r\n"])
    func behind(_ codec: HTTPCodec, _ rest: String) throws {
        var reader = ResponseReader(by: codec)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers(reader.handlers)
        defer { _ = try? channel.finish() }
        reader.feed(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\(rest)"))
        while let part = try reader.next() { if case .end = part { break } }
        #expect(reader.hasBytes)
    }

    @Test("the head has its bounds", arguments: HTTPCodec.allCases)
    func bounds(_ codec: HTTPCodec) {
        func responses(_ text: String, _ limits: HTTPLimits) -> Reading { HTTPWireTests.responses(text, limits, by: codec) }
        let limits = HTTPLimits(head: 200, fields: 5)
        #expect(responses("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 300), limits).failure == "fieldsTooLarge")
        #expect(responses("HTTP/1.1 200 OK\r\n" + String(repeating: "X: a\r\n", count: 6) + "\r\n", limits).failure == "fieldsTooLarge")
    }
}
