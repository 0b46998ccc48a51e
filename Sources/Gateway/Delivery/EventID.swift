import Governance

/// The id of an event of a call's answer: `<stream>-<sequence>`, the stream named by 16 lower-case hex digits, the sequence from 0.
package struct EventID: Sendable, Hashable {
    package let stream: String
    package let sequence: Int64

    package init(stream: String, sequence: Int64) {
        self.stream = stream
        self.sequence = sequence
    }

    /// The id before the first of a new stream.
    init() { self.init(stream: NodeID().text, sequence: 0) }

    /// Nil for what cannot be one of ours.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let stream = NodeID(parts[0])?.text, parts[1].utf8.count <= 15, let sequence = Int64(parts[1]) else {
            return nil
        }
        guard sequence >= 0, String(sequence) == parts[1] else { return nil }
        self.init(stream: stream, sequence: sequence)
    }

    package var text: String { "\(stream)-\(sequence)" }

    var next: EventID { EventID(stream: stream, sequence: sequence + 1) }
}
