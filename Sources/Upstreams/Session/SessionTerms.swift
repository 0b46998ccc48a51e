package import Governance

/// What was agreed with an upstream when a session was opened: enough for another node to go on with it.
package struct SessionTerms: Sendable, Hashable {
    /// The transport found; never `auto`.
    package let transport: UpstreamDocument.Transport
    /// The protocol revision, as its date.
    package let revision: String
    /// The session's id at the upstream; nil where the upstream keeps none.
    package let id: String?
    package let offersTools: Bool
    /// The upstream says that it tells when its tools change.
    package let announcesTools: Bool

    package init(
        transport: UpstreamDocument.Transport, revision: String, id: String? = nil, offersTools: Bool = true, announcesTools: Bool = false
    ) {
        self.transport = transport
        self.revision = revision
        self.id = id
        self.offersTools = offersTools
        self.announcesTools = announcesTools
    }
}
