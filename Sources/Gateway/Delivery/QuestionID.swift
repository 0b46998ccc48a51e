import Governance
import MCPWire

/// The id under which an upstream's request goes to an agent: the node that waits for the answer, and 64 random bits. As a JSON string
/// `"<16 lower-case hex digits>.<16 more>"`.
struct QuestionID: Sendable, Hashable {
    let node: NodeID
    private let text: String

    /// A new one, to be answered to the node.
    init(at node: NodeID) {
        self.node = node
        text = "\(node).\(NodeID())"
    }

    /// Nil for what cannot be one of ours.
    init?(_ id: RequestID) {
        guard let text = id.text, case let parts = text.split(separator: ".", omittingEmptySubsequences: false), parts.count == 2,
            let node = NodeID(parts[0]), NodeID(parts[1]) != nil
        else { return nil }
        self.node = node
        self.text = text
    }

    /// As a request's id.
    var requestID: RequestID { RequestID(text: text) }
}
