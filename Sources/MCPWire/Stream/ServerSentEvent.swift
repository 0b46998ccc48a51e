/// One event of a server's event stream.
package struct ServerSentEvent: Sendable, Hashable {
    /// Of a parsed event: the last id seen on the stream.
    package var id: String?
    /// The event's type; nil means `message`.
    package var name: String?
    package var data: [UInt8]
    /// Milliseconds after which a client whose stream broke should come back.
    package var retry: Int?

    package init(id: String? = nil, name: String? = nil, data: [UInt8], retry: Int? = nil) {
        self.id = id
        self.name = name
        self.data = data
        self.retry = retry
    }

    /// The event's lines; line ends in the data begin a new `data` line, in the other fields they are left out.
    package func encoded() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(data.count + 64)
        if let id { Self.append("id: ", id, to: &out) }
        if let name { Self.append("event: ", name, to: &out) }
        if let retry { Self.append("retry: ", String(retry), to: &out) }
        appendData(to: &out)
        out.append(0x0A)
        return out
    }

    /// A comment, which clients pass over: `: text` and an empty line.
    package static func comment(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        append(": ", text, to: &out)
        out.append(0x0A)
        return out
    }

    private static func append(_ field: StaticString, _ value: String, to out: inout [UInt8]) {
        JSONText.append(raw: field, to: &out)
        out.append(contentsOf: value.utf8.lazy.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 })
        out.append(0x0A)
    }

    private func appendData(to out: inout [UInt8]) {
        data.withUnsafeBytes { text in
            var start = 0
            while true {
                let end = LineScan.end(in: text, from: start)
                JSONText.append(raw: "data: ", to: &out)
                out.append(contentsOf: text[start..<end])
                out.append(0x0A)
                guard end < text.count else { return }
                let isPair = text[end] == 0x0D && end + 1 < text.count && text[end + 1] == 0x0A
                start = end + (isPair ? 2 : 1)
            }
        }
    }
}
