import Fixtures
import Testing

@testable import MCPWire

@Suite("Beside another parser")
struct OracleTests {
    private static let samples = [
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hi \u00e9\n","n":[1,-2.5e3,true,null]},"_meta":{"progressToken":"p","token":"x","io.satgate/a":1}}}"#,
        #"{"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"日本 \ud83d\ude00"}],"isError":false,"_meta":{"io.satgate/cost":2}}}"#,
        #"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no","data":{"x":[{}]}}}"#,
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":0.5,"_meta":{}}}"#,
        #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"},"_meta":{"io.satgate/x":1}},{"name":"b"}],"nextCursor":"c"}}"#,
        #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
        " {\n\t\"jsonrpc\" : \"2.0\" ,\r\n \"id\" : -5 , \"method\" : \"ping\" }\n",
    ].map(bytes)
    private static let morsels =
        [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e9", "E+", "null", "true", "fals", "\\u", "\\ud800", "\\udc00",
            "\\u0000", "\\/", " ",
            "\n", "\"_meta\":", "\"id\":1,", "\"Name\":\"x\",", "\"token\":{},", "{}", "[]", ",\"a\":1", "é", "\u{2028}", "\u{0}",
            "\u{FEFF}",
        ].map(bytes) + [[0x80], [0xC0], [0xED, 0xA0, 0x80], [0xF4, 0x90], [0xFF]]

    /// One to four random changes: bytes altered, cut, doubled or put in.
    private func mutated(_ original: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0..<12, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.insert(contentsOf: random.pick(Self.morsels), at: at)
            case 1: bytes.replaceSubrange(at..<end, with: random.pick(Self.morsels))
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 4: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            default: if random.happens(1, outOf: 4) { bytes.removeSubrange(at...) }
            }
        }
        return bytes
    }

    /// Does with the bytes all that can be done with them; answers whether they are a message.
    private func exercise(_ bytes: [UInt8]) throws -> Bool {
        guard let message = try? Message(bytes) else { return false }
        if let call = try? ForwardedRequest(message) {
            let forwarded = try Message(call.forwarded(id: 9, name: "t"))
            #expect(forwarded.id == RequestID(9) && forwarded.paramText("name") == "t" && forwarded.metaText("token") == nil)
        }
        if let answer = try? Answer(message) {
            #expect(try Message(answer.addressed(to: RequestID(9))).id == RequestID(9))
            for tool in (try? ToolPage(answer))?.tools ?? [] {
                let shown = try ToolDefinition(tool.shown(as: "n", cost: "1"))
                #expect(shown.name == "n")
            }
            _ = try? InitializeResult(answer)
        }
        _ = try? InitializeRequest(message)
        return true
    }

    @Test("60,000 mutated messages do no harm, and what is a message here is JSON there")
    func mutations() throws {
        var random = Seeded(2026)
        var messages = 0
        for _ in 0..<60_000 {
            let bytes = mutated(random.pick(Self.samples), &random)
            guard try exercise(bytes) else { continue }
            messages += 1
            #expect(FoundationJSON.takes(bytes), "\(text(bytes))")
        }
        #expect(messages > 3000)
    }

    @Test("20,000 random documents are JSON here as they are there, and 20,000 broken ones are not here unless there")
    func documents() throws {
        var random = Seeded(99)
        for _ in 0..<20_000 {
            let written = bytes(Tree.random(&random, depth: 5).written(spacedBy: &random))
            #expect(FoundationJSON.value(of: written) != nil)
            #expect((try? JSONDocument(written, as: .other)) != nil, "\(text(written))")
            let broken = mutated(written, &random)
            if (try? JSONDocument(broken, as: .other)) != nil {
                #expect(FoundationJSON.takes(broken), "\(text(broken))")
            }
        }
    }
}
