package import Governance
package import MCPWire

/// What was agreed with an upstream when a session was opened: enough for another node to go on with it.
package struct SessionTerms: Sendable, Hashable {
    /// The transport found; never `auto`.
    package let transport: UpstreamDocument.Transport
    /// The protocol revision, as its date.
    package let revision: String
    /// The session's id at the upstream; nil where the upstream keeps none.
    package let id: String?
    /// What the upstream says that it has.
    package let capabilities: ServerCapabilities

    package init(
        transport: UpstreamDocument.Transport, revision: String, id: String? = nil, capabilities: ServerCapabilities = .tools
    ) {
        self.transport = transport
        self.revision = revision
        self.id = id
        self.capabilities = capabilities
    }
}
