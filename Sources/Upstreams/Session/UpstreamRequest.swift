import MCPWire

/// What is asked of an upstream; its session puts it in the words of its era.
enum UpstreamRequest: Sendable {
    /// An agent's call of the tool that the upstream defined so.
    case call(ToolCall, ToolDefinition)
    /// One page of its tools.
    case toolsList(cursor: String?)

    /// The call in it.
    var call: ToolCall? { if case .call(let call, _) = self { call } else { nil } }

    /// The message of a revision with a handshake.
    func message(id: Int) -> [UInt8] {
        switch self {
        case .call(let call, let tool): call.forwarded(id: id, name: tool.name)
        case .toolsList(let cursor): Outgoing.toolsList(id: id, cursor: cursor)
        }
    }
}
