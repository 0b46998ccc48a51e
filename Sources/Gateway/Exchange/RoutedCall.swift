import Governance
import MCPWire
import Upstreams

/// A call that may be made, and where it goes. Shared by the stages that follow.
final class RoutedCall {
    let call: ForwardedRequest
    let target: Target
    let price: Credits
    /// The name by which agents know the tool; nil where none is called.
    let tool: String?
    /// Milliseconds.
    let timeout: Int64
    /// How a resource that is read is shown; nil for all else.
    let view: ResourceView?
    /// Whose the URIs are that its answer may name; nil where they can only be the upstream's.
    let rivals: ListedEntries?
    /// What it and its retries are known by; nil where its agent gave no key.
    let record: CallRecord?
    /// What the books and events call it: the tool, or the method and what it is about.
    let label: String

    init(
        call: ForwardedRequest, target: Target, price: Credits, tool: String? = nil, timeout: Int64, view: ResourceView? = nil,
        rivals: ListedEntries? = nil, record: CallRecord? = nil
    ) {
        self.tool = tool
        self.record = record
        self.call = call
        self.target = target
        self.price = price
        self.timeout = timeout
        self.view = view
        self.rivals = rivals
        label = call.kind == .toolCall ? call.name : Self.label(method: call.method, name: call.name)
    }

    /// The same of a request that may not be readable.
    static func label(of message: Message) -> String {
        let name = (try? ForwardedRequest(message))?.name ?? ""
        guard let method = message.method, method != Method.toolsCall else { return String(name.prefix(128)) }
        return label(method: method, name: name)
    }

    /// A URI may be of any length.
    private static func label(method: String, name: String) -> String { "\(method) \(name.prefix(128))" }
}
