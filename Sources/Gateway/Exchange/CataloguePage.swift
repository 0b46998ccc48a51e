import MCPWire

/// The page of a list that a request asks for; the list is in the order of the bytes of its names.
struct CataloguePage<Entry> {
    let entries: ArraySlice<Entry>
    /// Nil on the last page.
    let nextCursor: String?
    let isFirst: Bool

    /// Entries of a page.
    private static var size: Int { 1000 }

    /// Nil where the request's cursor is none of this list's.
    init?(of all: [Entry], asked message: Message, _ cursor: ListCursor, name: (Entry) -> String) {
        var start = 0
        if message.paramToken("cursor") != nil {
            guard let last = message.paramText("cursor").flatMap({ cursor.name(in: $0) }) else { return nil }
            start = all.firstIndex { last.utf8.lexicographicallyPrecedes(name($0).utf8) } ?? all.count
        }
        entries = all[start...].prefix(Self.size)
        isFirst = start == 0
        nextCursor = start + entries.count < all.count ? entries.last.flatMap { cursor.text(after: name($0)) } : nil
    }
}

extension MessageReply {
    /// Refuses a request whose cursor is none of ours.
    func refuseCursor(of id: RequestID, _ era: Dialect.Kind) async {
        let (status, body) = Fault.invalidParams("Invalid cursor").answer(to: id, era: era, toolCall: false)
        await finish(body, status: status)
    }
}
