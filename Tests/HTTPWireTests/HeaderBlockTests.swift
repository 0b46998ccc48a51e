import HTTPWire
import NIOCore
import Testing

@Suite("The fields of a head")
struct HeaderBlockTests {
    private static let names: [(name: String, field: KnownField)] = [
        ("host", .host), ("accept", .accept), ("origin", .origin), ("content-type", .contentType),
        ("content-encoding", .contentEncoding), ("authorization", .authorization),
        ("last-event-id", .lastEventID), ("mcp-session-id", .sessionID), ("mcp-protocol-version", .protocolVersion),
        ("idempotency-key", .idempotencyKey), ("traceparent", .traceParent), ("mcp-method", .mcpMethod), ("mcp-name", .mcpName),
        ("mcp-param-a", .mcpParameter),
    ]

    private func head(_ lines: [String], target: String = "/") throws -> RequestHead {
        var reader = RequestReader()
        reader.feed(ByteBuffer(string: "GET \(target) HTTP/1.1\r\n" + lines.map { "\($0)\r\n" }.joined() + "\r\n"))
        guard case .head(let head) = try reader.next() else { throw HTTPViolation.malformed }
        return head
    }

    @Test("are known by their names in any case, wherever they stand", arguments: names.indices)
    func known(_ index: Int) throws {
        let (name, field) = Self.names[index]
        for spelling in [name, name.uppercased(), String(name.prefix(1)).uppercased() + name.dropFirst()] {
            let headers = try head(["x: 1", "\(spelling): \t a value \t", "y: 2"]).headers
            #expect(headers.text(of: field) == "a value" && headers.first(name: name) == "a value")
            #expect(!headers.isRepeated(field) && headers.values(name: name) == ["a value"])
            for other in Self.names where other.field != field { #expect(headers.place(of: other.field) == nil) }
        }
    }

    @Test("are not known by what only looks like their names", arguments: names.indices)
    func lookalikes(_ index: Int) throws {
        let (name, field) = Self.names[index]
        let others = [
            name.replacing("a", with: "b"), name.replacing("-", with: "_"), String(name.dropLast()) + "!", "x" + name.dropFirst(),
        ]
        for other in others where other != name && !other.hasPrefix("mcp-param-") {
            #expect(try head(["\(other): 1"]).headers.place(of: field) == nil, "\(other)")
        }
        if name.contains("-") {
            #expect(throws: HTTPViolation.malformed) { try head([name.replacing("-", with: "\r") + ": 1"]) }
        }
        #expect(throws: HTTPViolation.malformed) { try head([name + " : 1"]) }
    }

    @Test("that are given again are known to be; the first one's value counts")
    func repeated() throws {
        let headers = try head(["Accept: a", "Host: x", "ACCEPT: b", "Origin: o", "hOst: y", "origin: p"]).headers
        #expect(headers.isRepeated(.accept) && headers.isRepeated(.host) && headers.isRepeated(.origin))
        #expect(headers.text(of: .accept) == "a" && headers.values(name: "accept") == ["a", "b"])
        #expect(headers.firstRepeated(among: [.host, .origin]) == "hOst" && headers.firstRepeated(among: [.origin]) == "origin")
        #expect(headers.firstRepeated(among: [.authorization]) == nil)
    }

    @Test("hold no control characters, wherever in a value one stands", arguments: Array(0..<40))
    func controls(_ place: Int) throws {
        for control in Array(0..<0x20) + [0x7F] as [UInt8] where control != 0x09 {
            var value = Array(repeating: UInt8(ascii: "v"), count: 40)
            value[place] = control
            #expect(throws: HTTPViolation.malformed) { try head(["x: " + String(decoding: value, as: UTF8.self)]) }
        }
        for taken in ["\t", "é", "\u{80}", "~", " "] {
            let value = String(repeating: "v", count: place) + taken + String(repeating: "w", count: 40 - place)
            #expect(try head(["Host: " + value]).headers.text(of: .host) == String(value.trimmingPrefix { $0 == "\t" || $0 == " " }))
        }
    }

    @Test("follow a target whose path is told from its query")
    func paths() throws {
        for target in ["/mcp", "/mcp?", "/mcp?a=/b"] { #expect(try head([], target: target).isPath("/mcp"), "\(target)") }
        for target in ["/mc", "/mcpx", "/mcp/", "/", "*", "/x?/mcp"] { #expect(try !head([], target: target).isPath("/mcp"), "\(target)") }
        #expect(try head([], target: "/mcp?a=b").target == "/mcp?a=b")
    }
}
