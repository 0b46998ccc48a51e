import Testing

@testable import MCPWire

@Suite("A batch")
struct BatchTests {
    private func batch(_ text: String) throws -> Batch { try Batch(bytes(text)) }

    @Test("has each message as its own bytes, in the order of the body")
    func entries() throws {
        let elements = [
            #"{"jsonrpc":"2.0","id":"a\u0000","method":"ping" , "x":[{"y":1.00}]}"#, #"{ "jsonrpc":"2.0","method":"notifications/x"}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ]
        let text = "\n[ " + elements.joined(separator: " ,\t") + "] "
        #expect(Batch.isOpened(by: bytes(text)))
        let messages = try batch(text).entries.map { try $0.get() }
        #expect(messages.map { MCPWireTests.text($0.bytes) } == elements)
        #expect(messages.map(\.kind) == [.request, .notification, .response])
    }

    @Test("reads what is sound beside what is not, and takes no handshake")
    func unsound() throws {
        let text = """
            [1, [], {"id":7}, {"jsonrpc":"2.0","id":8,"method":"initialize"}, {"jsonrpc":"2.0","id":9,"method":"ping"},
            {"jsonrpc":"2.0","id":10,"method":"ping","params":[]}, [{"jsonrpc":"2.0","id":11,"method":"ping"}]]
            """
        let entries = try batch(text).entries
        #expect(entries.map { (try? $0.get())?.id?.description } == [nil, nil, nil, nil, "9", nil, nil])
        #expect(throws: WireError.invalidRequest(RequestID(8))) { try entries[3].get() }
        #expect(throws: WireError.invalidParams(RequestID(10), "params must be an object")) { try entries[5].get() }
    }

    @Test("is refused as a whole where it is no JSON, empty or too large")
    func flaws() throws {
        let one = #"{"jsonrpc":"2.0","method":"x"}"#
        for text in ["[", "[1,]", "[1] 2", "{}", "", "[\(one)"] { #expect(throws: Batch.Flaw.malformed) { try batch(text) } }
        for text in ["[]", " [ ] "] { #expect(throws: Batch.Flaw.empty) { try batch(text) } }
        func of(_ count: Int) -> String { "[" + Array(repeating: one, count: count).joined(separator: ",") + "]" }
        #expect(try batch(of(Batch.mostMessages)).entries.count == 64)
        #expect(throws: Batch.Flaw.tooLarge) { try batch(of(Batch.mostMessages + 1)) }
        #expect(!Batch.isOpened(by: bytes(" {}")) && !Batch.isOpened(by: []))
    }

    @Test("is answered by one array, and its ids are kept in one token")
    func joining() {
        #expect(text(Batch.joined([bytes("{}"), bytes("{\"a\":[1]}")])) == #"[{},{"a":[1]}]"#)
        for ids in [["1"], ["\"a,]\\u0000\""], ["1", "\"1\"", "\"[\""], []] {
            let written = ids.compactMap { RequestID(raw: bytes($0)) }
            #expect(RequestID.separated(RequestID.joined(written)) == written)
        }
    }
}
