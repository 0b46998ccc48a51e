import Macaroons
import Testing

@testable import Gateway

@Suite("A list's cursor")
struct ListCursorTests {
    private let cursor = ListCursor(root: try? RootKey(bytes: Array(repeating: 7, count: 32)), kind: "tools")

    @Test("gives back the name it was made for", arguments: ["echo", "a__b", "ünïcode ✓"])
    func roundTrip(name: String) { #expect(cursor.text(after: name).flatMap { cursor.name(in: $0) } == name) }

    @Test("is refused when it is not ours", arguments: ["", "zz", "00", String(repeating: "0", count: 64), "é"])
    func foreign(text: String) { #expect(cursor.name(in: text) == nil) }

    @Test("is refused when it was changed, is of another kind or of another key")
    func tampered() throws {
        let text = try #require(cursor.text(after: "echo"))
        #expect(cursor.name(in: text.dropLast(2) + "70") == nil)
        #expect(ListCursor(root: cursor.root, kind: "prompts").name(in: text) == nil)
        #expect(ListCursor(root: try? RootKey(bytes: [1]), kind: "tools").name(in: text) == nil)
    }
}
