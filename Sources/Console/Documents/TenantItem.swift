import Governance

/// A tenant in a list.
struct TenantItem: Encodable, Sendable {
    let tenant: String
    let version: Int64
    let source: String
    let updatedAt: String
    let mode: String
    let upstreams: [String]
    let budgets: Int

    init(_ stored: StoredTenant) {
        tenant = stored.tenant.name.text
        version = stored.version
        source = stored.source.rawValue
        updatedAt = stored.updatedAt.instant
        mode = stored.tenant.mode.rawValue
        upstreams = stored.tenant.upstreams.map(\.name.text)
        budgets = stored.tenant.budgets.count
    }
}
