import Testing

@testable import MCPWire

@Suite("A written event")
struct WrittenEventTests {
    @Test("has its fields each on a line and ends with an empty one")
    func fields() {
        #expect(text(ServerSentEvent(data: bytes("{}")).encoded()) == "data: {}\n\n")
        #expect(
            text(ServerSentEvent(id: "s-1", name: "message", data: bytes("x"), retry: 500).encoded())
                == "id: s-1\nevent: message\nretry: 500\ndata: x\n\n")
        #expect(text(ServerSentEvent(id: "p", data: []).encoded()) == "id: p\ndata: \n\n")
    }

    @Test("begins a new data line at each line end of its data")
    func lines() {
        #expect(
            text(ServerSentEvent(data: bytes("a\nb\rc\r\nd\n\re")).encoded()) == "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\n\n")
        #expect(text(ServerSentEvent(data: bytes("{\n  \"a\": 1\n}\n")).encoded()) == "data: {\ndata:   \"a\": 1\ndata: }\ndata: \n\n")
    }

    @Test("cannot be broken out of by an id or a name")
    func injection() {
        #expect(
            text(ServerSentEvent(id: "a\ndata: x\r\n\u{0}", name: "m\n\n", data: bytes("y")).encoded())
                == "id: adata: x\nevent: m\ndata: y\n\n")
        #expect(text(ServerSentEvent.comment("keepalive\n\ndata: x")) == ": keepalivedata: x\n\n")
        #expect(text(ServerSentEvent.comment("keepalive")) == ": keepalive\n\n")
    }
}

@Suite("A read event stream")
struct ReadEventStreamTests {
    /// The events of a stream that comes in pieces of `size` bytes.
    private func events(_ stream: [UInt8], size: Int = .max, limit: Int = 1 << 20) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser(limit: limit)
        var found: [ServerSentEvent] = []
        var at = 0
        while at < stream.count {
            let end = min(stream.count, at + min(size, stream.count))
            found += try parser.push(stream[at..<end])
            at = end
        }
        return found
    }

    private static let examples: [(stream: String, events: [ServerSentEvent])] = [
        ("data: a\n\n", [ServerSentEvent(data: bytes("a"))]),
        ("data: a\r\n\r\n", [ServerSentEvent(data: bytes("a"))]),
        ("data: a\r\r", [ServerSentEvent(data: bytes("a"))]),
        ("data: a\r\n\rdata: b\n\r\n", [ServerSentEvent(data: bytes("a")), ServerSentEvent(data: bytes("b"))]),
        ("\u{FEFF}data: a\n\n", [ServerSentEvent(data: bytes("a"))]),
        ("data: \u{FEFF}a\n\n", [ServerSentEvent(data: bytes("\u{FEFF}a"))]),
        ("\n\u{FEFF}data: a\n\n", []),
        ("data:a\ndata:  b\ndata\n\n", [ServerSentEvent(data: bytes("a\n b\n"))]),
        (": keepalive\n\n:\n\ndata: a\n: c\n\n", [ServerSentEvent(data: bytes("a"))]),
        ("event: x\n\ndata: a\n\n", [ServerSentEvent(data: bytes("a"))]),
        ("event: x\ndata: a\n\ndata: b\n\n", [ServerSentEvent(name: "x", data: bytes("a")), ServerSentEvent(data: bytes("b"))]),
        ("event:\ndata: a\n\n", [ServerSentEvent(data: bytes("a"))]),
        ("id: 1\ndata:\n\n", [ServerSentEvent(id: "1", data: [])]),
        ("id: 1\n\ndata: a\n\n", [ServerSentEvent(id: "1", data: bytes("a"))]),
        (
            "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [.init(id: "1", data: bytes("a")), .init(id: "1", data: bytes("b")), .init(data: bytes("c"))]
        ),
        ("id: 1\nid: a\u{0}b\ndata: a\n\n", [ServerSentEvent(id: "1", data: bytes("a"))]),
        ("retry: 500\ndata: a\n\nretry: 5x\ndata: b\n\n", [.init(data: bytes("a"), retry: 500), .init(data: bytes("b"))]),
        ("retry: 99999999999999999999999\ndata: a\n\n", [ServerSentEvent(data: bytes("a"))]),
        ("Data: x\ndat: y\ndata : z\n\n", []),
        ("data: never ended\n", []),
        ("data: never ended", []),
        ("data: a\n\ndata: b\n\r\ndata: c\r\r\n", [.init(data: bytes("a")), .init(data: bytes("b")), .init(data: bytes("c"))]),
    ]

    @Test("is read by the rules of the standard, in whatever pieces it comes", arguments: examples.indices)
    func standard(_ index: Int) throws {
        let (stream, wanted) = Self.examples[index]
        for size in [1, 2, 3, 5, 8, .max] { #expect(try events(bytes(stream), size: size) == wanted, "in pieces of \(size)") }
    }

    @Test("gives back what was written, in random pieces (5,000 streams)")
    func roundTrip() throws {
        var random = Seeded(17)
        for _ in 0..<5000 {
            let sent = (0..<Int.random(in: 1..<5, using: &random)).map { _ in
                ServerSentEvent(
                    id: random.pick(["1", "s-2", "é"]), name: random.pick([nil, "message", "endpoint"]),
                    data: bytes(
                        (0..<Int.random(in: 0..<6, using: &random)).map { _ in random.pick(["a", "\n", ":", " ", "日", "data: x"]) }.joined()
                    ),
                    retry: random.pick([nil, 0, 1500]))
            }
            let stream = sent.flatMap { random.happens(1, outOf: 3) ? ServerSentEvent.comment("keepalive") + $0.encoded() : $0.encoded() }
            #expect(try events(stream, size: Int.random(in: 1..<20, using: &random)) == sent)
        }
    }

    @Test("is given up when one event passes the limit, finished or not")
    func limits() throws {
        let line = "data: " + String(repeating: "x", count: 94)
        #expect(try events(bytes(line + "\n\n" + line + "\n\n"), size: 7, limit: 100).count == 2)
        for stream in [
            line + "x", line + "x\n\n", line + "\ndata: x\n\n", ": " + String(repeating: "c", count: 200), line + "\n: comment\n\n",
        ] {
            for size in [1, 7, .max] { #expect(throws: WireError.malformed) { try events(bytes(stream), size: size, limit: 100) } }
        }
        #expect(try events(bytes(String(repeating: ": comment\n", count: 1000)), limit: 100).isEmpty)
    }

    @Test("remembers its last id and how long to wait, also of events without data")
    func memory() throws {
        var parser = ServerSentEventParser(limit: 100)
        #expect(try parser.push(bytes("id: 7\nretry: 250\n\n")).isEmpty)
        #expect(parser.lastEventID == "7" && parser.retry == 250)
    }

    @Test("has seen an event only when it is whole: who comes back asks for the rest of it")
    func unfinished() throws {
        var parser = ServerSentEventParser(limit: 100)
        #expect(try parser.push(bytes("id: 7\ndata: a\n\nid: 8\ndata: b\n")).map(\.id) == ["7"])
        #expect(parser.lastEventID == "7")
        #expect(try parser.push(bytes("\ndata: c\n\n")).map(\.id) == ["8", "8"])
        #expect(parser.lastEventID == "8")
    }

    @Test("of one large event is read in time linear in it")
    func large() throws {
        let data = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        #expect(try events(ServerSentEvent(data: data).encoded(), size: 16384, limit: 9 << 20) == [ServerSentEvent(data: data)])
    }

    @Test("never traps, whatever comes (5,000 random streams)")
    func fuzz() {
        var random = Seeded(23)
        let parts =
            ["data", "id", "event", "retry", ":", " ", "\n", "\r", "\r\n", "\u{FEFF}", "\u{0}", "x", "日", "12"].map(bytes) + [
                [0xFF], [0xEF, 0xBB],
            ]
        for _ in 0..<5000 {
            let stream = (0..<Int.random(in: 0..<30, using: &random)).flatMap { _ in random.pick(parts) }
            let whole = try? events(stream, limit: 64)
            #expect((try? events(stream, size: Int.random(in: 1..<9, using: &random), limit: 64)) == whole)
        }
    }
}
