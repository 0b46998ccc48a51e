/// How far a reader of events has come: for each source the last event it has seen.
///
/// As text a comma list of `<tenant>@<epoch>-<seq>`, `_@-<seq>` for the events of no tenant.
package struct EventCursor: Sendable, Hashable {
    /// A place among the events of one source.
    package struct Position: Sendable, Hashable {
        package var epoch: String
        /// The number of the last event seen; 0: none.
        package var seq: Int64

        package init(epoch: String, seq: Int64) {
            self.epoch = epoch
            self.seq = seq
        }

        /// Before all events.
        package static let start = Position(epoch: "", seq: 0)
    }

    /// The longest text that is read, in bytes.
    package static let longest = 64 << 10

    package var positions: [EventSource: Position]

    package init(_ positions: [EventSource: Position] = [:]) { self.positions = positions }

    /// Reads `text` back, or takes any that a client has kept up itself; nil for what is no cursor.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.longest else { return nil }
        positions = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: true) {
            guard let at = part.firstIndex(of: "@"), let dash = part.lastIndex(of: "-"), at < dash,
                let source = EventSource(part[..<at]), let seq = Int64(part[part.index(after: dash)...]), seq >= 0, seq < 1 << 53
            else { return nil }
            let epoch = part[part.index(after: at)..<dash]
            guard epoch.utf8.count <= 64, epoch.utf8.allSatisfy(Self.isPlain) else { return nil }
            positions[source] = Position(epoch: String(epoch), seq: seq)
        }
    }

    /// Its parts in order of their sources.
    package var text: String {
        positions.sorted { $0.key < $1.key }.map { "\($0.key.text)@\($0.value.epoch)-\($0.value.seq)" }.joined(separator: ",")
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
