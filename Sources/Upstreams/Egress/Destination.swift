import Governance

/// Where connections lead, on whose account and as whom: what differs in any of it shares no connection.
final class Destination: Sendable, Hashable {
    let origin: Origin
    let tenant: TenantName
    let tls: TLSIdentity
    /// Of the origin alone, as the rest hardly ever tells two apart.
    private let digest: Int

    init(origin: Origin, tenant: TenantName, tls: TLSIdentity) {
        self.origin = origin
        self.tenant = tenant
        self.tls = tls
        digest = origin.hashValue
    }

    static func == (left: Destination, right: Destination) -> Bool {
        left === right || left.origin == right.origin && left.tenant == right.tenant && left.tls == right.tls
    }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
