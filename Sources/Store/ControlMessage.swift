package import Governance

/// What the `control` channel says: something a node may remember is no longer so.
package enum ControlMessage: Sendable, Hashable {
    /// `session <tenant> <session id>`
    case sessionEnded(SessionID, TenantName)
    /// `tenant <tenant>`
    case tenantChanged(TenantName)

    /// As it is published.
    package var text: String {
        switch self {
        case .sessionEnded(let id, let tenant): "session \(tenant.text) \(id.text)"
        case .tenantChanged(let tenant): "tenant \(tenant.text)"
        }
    }

    /// Reads `text` back; nil for what this version does not know.
    package init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 2, let tenant = TenantName(words[1]) else { return nil }
        switch (words[0], words.count) {
        case ("session", 3):
            guard let id = SessionID(words[2]) else { return nil }
            self = .sessionEnded(id, tenant)
        case ("tenant", 2): self = .tenantChanged(tenant)
        default: return nil
        }
    }
}
