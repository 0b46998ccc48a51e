/// The W3C trace context of a request, as HTTP headers and `_meta` carry it: `traceparent` and `tracestate`.
package struct TraceNote: Sendable, Hashable {
    package let parent: String
    package let state: String?

    /// Nil unless `parent` is formed like a `traceparent`; a `state` of more than 512 visible ASCII characters and blanks is left out.
    package init?(parent: String, state: String?) {
        guard Self.isParent(parent.utf8) else { return nil }
        self.parent = parent
        self.state = state.flatMap { Self.isState($0.utf8) ? $0 : nil }
    }

    /// The id of its trace in 32 hex digits.
    package var trace: String { String(parent.dropFirst(3).prefix(32)) }

    /// The header fields that say it.
    package var headers: [(name: String, value: String)] {
        [(MetaKey.traceParent, parent)] + (state.map { [(MetaKey.traceState, $0)] } ?? [])
    }

    /// Appends the members of `_meta` that say it, between commas.
    func append(to out: inout [UInt8]) {
        JSONText.append(raw: #""traceparent":"#, to: &out)
        JSONText.append(string: parent, to: &out)
        guard let state else { return }
        JSONText.append(raw: #","tracestate":"#, to: &out)
        JSONText.append(string: state, to: &out)
    }

    /// Four fields of hex digits; later versions may have more of them.
    private static func isParent(_ text: String.UTF8View) -> Bool {
        guard (55...256).contains(text.count) else { return false }
        var place = 0
        for byte in text {
            let fits =
                switch place {
                case 2, 35, 52, 55: byte == UInt8(ascii: "-")
                case 0..<55: isDigit(byte)
                default: byte == UInt8(ascii: "-") || isDigit(byte)
                }
            guard fits else { return false }
            place += 1
        }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func isState(_ text: String.UTF8View) -> Bool {
        !text.isEmpty && text.count <= 512 && text.allSatisfy { (0x20..<0x7f).contains($0) }
    }
}

extension Message {
    /// What a request's `_meta` says of its trace; nil where that is nothing, or not well-formed.
    package var traceNote: TraceNote? {
        document.text(.traceParent, in: .paramsMeta).flatMap {
            TraceNote(parent: $0, state: document.text(.traceState, in: .paramsMeta))
        }
    }
}
