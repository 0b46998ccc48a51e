import Governance

/// Whom a connection trusts, and who it says it is: paths of PEM files on the node.
struct TLSIdentity: Sendable, Hashable {
    /// Nil: the system's.
    var authorities: String?
    /// The system's authorities are trusted beside those of the file.
    var alsoTrustsSystem = false
    var certificate: String?
    var key: String?

    /// The system's authorities, and no certificate of our own.
    static let system = TLSIdentity()
}

extension TLSIdentity {
    /// As a tenant's document states it.
    init(_ document: UpstreamDocument.TLS) {
        self.init(authorities: document.authorities, certificate: document.certificate, key: document.key)
    }

    /// In the order of `contents` of a context.
    var files: [String] { [authorities, certificate, key].compactMap { $0 } }
}
