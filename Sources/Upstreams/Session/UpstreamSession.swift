import MCPWire

/// A session that an upstream opened for this node and tenant; of several objects for one upstream only the newest is in use.
final class UpstreamSession: Sendable {
    let dialect: Dialect
    /// The upstream keeps a session by an id; without one every request stands alone.
    let hasID: Bool
    /// The upstream says that it has tools.
    let offersTools: Bool
    /// The head of every request in this session.
    let head: RequestHead

    /// Nil where the id has other characters than the visible ASCII ones.
    init?(endpoint: Endpoint, dialect: Dialect, id: String?, offersTools: Bool) {
        var lines: [(name: String, value: String)] = []
        if dialect.sendsVersionHeader { lines.append(("MCP-Protocol-Version", dialect.revision)) }
        if let id {
            guard !id.isEmpty, id.utf8.count <= 1024, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            lines.append(("Mcp-Session-Id", id))
        }
        self.dialect = dialect
        hasID = id != nil
        self.offersTools = offersTools
        head = endpoint.prepared(lines)
    }
}
