import MCPWire

extension FuzzTarget {
    /// Event streams. They are read as the HTML standard's rules say, wherever they are cut.
    static let events = FuzzTarget(
        "events",
        seeds: [
            "data: a\n\n", "\u{FEFF}data: a\r\n\r\n", "id: 1\nevent: message\nretry: 500\ndata: {\"jsonrpc\":\"2.0\"}\n\n",
            "data:a\rdata:  b\rdata\r\r",
            ": keepalive\n\n:\n\ndata: a\n: c\n\n", "id\ndata: x\n\nid: 7\n\ndata: y\n\n", "event: x\n\ndata: a\n\nevent:\ndata: b\n\n",
            "retry: 99999999999999999999\ndata\n\n", "data: a\r\n\rdata: b\n\r\n",
        ].map { .init(of: $0) },
        words: [
            "data", "data:", "data: ", "id:", "id: 1\n", "event: ", "retry: ", "\n", "\r", "\r\n", "\n\n", ":", " ", "\u{0}", "\u{FEFF}",
            "\u{80}",
        ]
    ) { bytes in EventsCase.flaw(of: bytes) }
}

/// What must hold of event streams.
enum EventsCase {
    static func flaw(of bytes: [UInt8]) -> String? {
        let whole = events([bytes[...]])
        if events(FuzzTarget.pieces(of: bytes)) != whole { return "depends on where it is cut" }
        if PlainEventStream.events(in: bytes) != whole { return "is not what the standard says" }
        for event in whole {
            guard let again = events([event.encoded()[...]]).first, again.data == event.data else {
                return "is another when it is written again"
            }
            let isPlain = !(event.name ?? "").utf8.contains(0)
            if isPlain, again.name != event.name || again.id != event.id || again.retry != event.retry {
                return "has other fields when written again"
            }
        }
        return whole.starts(with: events([bytes[...]], limit: 32)) ? nil : "is something else within a narrow limit"
    }

    /// What our parser takes, up to what it refuses.
    private static func events(_ pieces: [ArraySlice<UInt8>], limit: Int = 1 << 20) -> [ServerSentEvent] {
        var parser = ServerSentEventParser(limit: limit)
        var events: [ServerSentEvent] = []
        for piece in pieces {
            guard let more = try? parser.push(piece) else { return events }
            events += more
        }
        return events
    }
}
