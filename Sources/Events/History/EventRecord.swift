import Governance

/// An event as it is kept and published: its JSON, and what of it is needed to order and to choose.
package struct EventRecord: Sendable, Hashable {
    /// From here on a number is a time in microseconds: of an event that its tenant's streams could not take.
    private static let firstTime: Int64 = 1_000_000_000_000_000

    /// The JSON object.
    package let text: [UInt8]
    package let type: String
    /// Where it is kept.
    package let source: EventSource
    /// Its number among the events of its source; nil for what is only published.
    package let seq: Int64?
    /// Of the books to which the number belongs; empty where there are none.
    package let epoch: String
    /// RFC 3339 in UTC with milliseconds, so that texts order as times do.
    package let timestamp: String
    /// It tells what `hard` mode would have refused.
    package let isUnenforced: Bool

    /// Nil for what is no event. Reads only the envelope's members before `data`.
    package init?(_ text: [UInt8]) {
        var reader = EnvelopeReader(text)
        guard let envelope = reader.read(), let type = envelope.type, let timestamp = envelope.timestamp else { return nil }
        var source = EventSource.none
        if let name = envelope.tenant {
            guard let tenant = TenantName(name) else { return nil }
            source = EventSource(tenant)
        }
        if let seq = envelope.seq, seq >= Self.firstTime { source = .none }
        self.text = text
        self.type = type
        self.source = source
        self.timestamp = timestamp
        seq = envelope.seq
        epoch = envelope.epoch ?? ""
        isUnenforced = EventText.has(Self.unenforced, in: text)
    }

    /// Inside a text the quotes would be escaped.
    private static let unenforced = Array(#""enforced":false"#.utf8)
}

/// Reads the members that stand before `data` in an event's JSON.
private struct EnvelopeReader {
    struct Envelope {
        var type, timestamp, tenant, epoch: String?
        var seq: Int64?
    }

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() -> Envelope? {
        var envelope = Envelope()
        guard take("{") else { return nil }
        while true {
            guard let key = text(), take(":") else { return nil }
            if key == "data" { return envelope }
            if bytes.indices.contains(at), bytes[at] == UInt8(ascii: "\"") {
                guard let value = text() else { return nil }
                switch key {
                case "type": envelope.type = value
                case "timestamp": envelope.timestamp = value
                case "tenantId": envelope.tenant = value
                case "epoch": envelope.epoch = value
                default: break
                }
            } else {
                guard let value = number() else { return nil }
                if key == "seq" { envelope.seq = value }
            }
            if take(",") { continue }
            return take("}") ? envelope : nil
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    /// A text without escapes: no name or id in an envelope has any.
    private mutating func text() -> String? {
        guard take("\"") else { return nil }
        guard let end = bytes[at...].firstIndex(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }),
            bytes[end] == UInt8(ascii: "\"")
        else { return nil }
        defer { at = end + 1 }
        return String(decoding: bytes[at..<end], as: UTF8.self)
    }

    private mutating func number() -> Int64? {
        let digits = bytes[at...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        at = digits.endIndex
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
