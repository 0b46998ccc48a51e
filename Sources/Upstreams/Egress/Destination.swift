import Governance

/// Where connections lead, on whose account and as whom: what differs in any of it shares no connection.
struct Destination: Sendable, Hashable {
    let origin: Origin
    let tenant: TenantName
    let tls: TLSIdentity

    /// By the origin alone, as the rest hardly ever tells two apart.
    func hash(into hasher: inout Hasher) { hasher.combine(origin) }
}
