import Governance
import Synchronization

/// Keeps the names of the tenants seen lately, so that a call does not spell them anew.
final class TenantKeyCache: Sendable {
    private let names: KeyNames
    private let limit: Int
    private let known = Mutex<[TenantName: TenantKeys]>([:])

    init(_ names: KeyNames, limit: Int = 4_096) {
        self.names = names
        self.limit = limit
    }

    /// The tenant's names.
    func keys(of tenant: TenantName) -> TenantKeys {
        known.withLock { known in
            if let keys = known[tenant] { return keys }
            if known.count >= limit { known.removeAll(keepingCapacity: true) }
            let keys = names.keys(of: tenant)
            known[tenant] = keys
            return keys
        }
    }
}
