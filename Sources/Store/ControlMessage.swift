package import Governance

/// What the `control` channel says: something a node may remember is no longer so.
package enum ControlMessage: Sendable, Hashable {
    /// `session <tenant> <session id>`
    case sessionEnded(SessionID, TenantName)
    /// `level <tenant> <session id>`: its agent wants other log messages.
    case sessionChanged(SessionID, TenantName)
    /// `watch <tenant> <session id>`: other resources are watched for it, or by other nodes.
    case watchesChanged(SessionID, TenantName)
    /// `cancel <tenant> <session id> <JSON token of a request's id>`
    case requestCancelled([UInt8], SessionID, TenantName)
    /// `tenant <tenant>`
    case tenantChanged(TenantName)
    /// `look <tenant> <upstream>`: it tells that its lists have changed.
    case upstreamSuspected(TenantName, UpstreamName)
    /// `revoked <tenant> <token id>`
    case tokenRevoked(TokenID, TenantName)
    /// `recall <tenant> <account>`: its limit was lowered, or its credit lacks, and what nodes hold of it beforehand is to go back; without an
    /// account, that of the whole tenant.
    case slicesRecalled(TenantName, AccountName?)
    /// `catalogue <tenant> <version>`
    case catalogueChanged(TenantName, version: Int64)
    /// `log <label> <level> <seconds, or -> <who>`: an operator wants more or less in the logs of all nodes, for a while or for good.
    case logTurned(String, level: String, seconds: Int?, by: String)

    /// As it is published.
    package var text: String {
        switch self {
        case .sessionEnded(let id, let tenant): "session \(tenant.text) \(id.text)"
        case .sessionChanged(let id, let tenant): "level \(tenant.text) \(id.text)"
        case .watchesChanged(let id, let tenant): "watch \(tenant.text) \(id.text)"
        case .requestCancelled(let request, let id, let tenant):
            "cancel \(tenant.text) \(id.text) \(String(decoding: request, as: UTF8.self))"
        case .tokenRevoked(let token, let tenant): "revoked \(tenant.text) \(token.text)"
        case .tenantChanged(let tenant): "tenant \(tenant.text)"
        case .slicesRecalled(let tenant, nil): "recall \(tenant.text)"
        case .slicesRecalled(let tenant, let account?): "recall \(tenant.text) \(account.text)"
        case .upstreamSuspected(let tenant, let upstream): "look \(tenant.text) \(upstream.text)"
        case .logTurned(let label, let level, let seconds, let by): "log \(label) \(level) \(seconds.map(String.init) ?? "-") \(by)"
        case .catalogueChanged(let tenant, let version): Self.catalogueChange(of: tenant) + String(version)
        }
    }

    /// What a script writes the catalogue's version behind.
    static func catalogueChange(of tenant: TenantName) -> String { "catalogue \(tenant.text) " }

    /// Reads `text` back; nil for what this version does not know.
    package init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        if words.count == 4, words[0] == "log" {
            let last = words[3].split(separator: " ", maxSplits: 1)
            guard last.count == 2, last[0] == "-" || Int(last[0]) ?? 0 > 0 else { return nil }
            self = .logTurned(String(words[1]), level: String(words[2]), seconds: Int(last[0]), by: String(last[1]))
            return
        }
        guard words.count >= 2, let tenant = TenantName(words[1]) else { return nil }
        switch (words[0], words.count) {
        case ("session", 3):
            guard let id = SessionID(words[2]) else { return nil }
            self = .sessionEnded(id, tenant)
        case ("level", 3):
            guard let id = SessionID(words[2]) else { return nil }
            self = .sessionChanged(id, tenant)
        case ("watch", 3):
            guard let id = SessionID(words[2]) else { return nil }
            self = .watchesChanged(id, tenant)
        case ("cancel", 4):
            guard let id = SessionID(words[2]) else { return nil }
            self = .requestCancelled(Array(words[3].utf8), id, tenant)
        case ("revoked", 3):
            guard let token = TokenID(words[2]) else { return nil }
            self = .tokenRevoked(token, tenant)
        case ("tenant", 2): self = .tenantChanged(tenant)
        case ("recall", 2): self = .slicesRecalled(tenant, nil)
        case ("recall", 3):
            guard let account = AccountName(words[2]) else { return nil }
            self = .slicesRecalled(tenant, account)
        case ("look", 3):
            guard let upstream = UpstreamName(words[2]) else { return nil }
            self = .upstreamSuspected(tenant, upstream)
        case ("catalogue", 3):
            guard let version = Int64(words[2]), version >= 0 else { return nil }
            self = .catalogueChanged(tenant, version: version)
        default: return nil
        }
    }
}
