package import Governance
package import MCPWire

/// What was agreed with an upstream when a session was opened: enough for another node to go on with it.
package final class SessionTerms: Sendable, Hashable {
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

    package static func == (left: SessionTerms, right: SessionTerms) -> Bool {
        left === right
            || left.transport == right.transport && left.revision == right.revision && left.id == right.id
                && left.capabilities == right.capabilities
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(transport)
        hasher.combine(revision)
        hasher.combine(id)
    }
}
