import Testing

@testable import Gateway

@Suite("A list's cursor")
struct ListCursorTests {
    private let cursor = ListCursor(key: Array(repeating: 7, count: 32), kind: "tools")

    @Test("gives back the name it was made for", arguments: ["echo", "a__b", "ünïcode ✓"])
    func roundTrip(name: String) { #expect(cursor.name(in: cursor.text(after: name)) == name) }

    @Test("is refused when it is not ours", arguments: ["", "zz", "00", String(repeating: "0", count: 64), "é"])
    func foreign(text: String) { #expect(cursor.name(in: text) == nil) }

    @Test("is refused when it was changed, is of another kind or of another key")
    func tampered() {
        let text = cursor.text(after: "echo")
        #expect(cursor.name(in: text.dropLast(2) + "70") == nil)
        #expect(ListCursor(key: cursor.key, kind: "prompts").name(in: text) == nil)
        #expect(ListCursor(key: [1], kind: "tools").name(in: text) == nil)
    }
}
