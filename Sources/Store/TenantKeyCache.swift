import Governance
import Synchronization

/// Keeps the names of the tenants seen lately, so that a call does not spell them anew.
final class TenantKeyCache: Sendable {
    private let names: KeyNames
    private let limit: Int
    private let known = Mutex(Known())

    private struct Known {
        var all: [TenantName: TenantKeys] = [:]
        /// Mostly it is the same tenant's turn again.
        var last: TenantKeys?
    }

    init(_ names: KeyNames, limit: Int = 4_096) {
        self.names = names
        self.limit = limit
    }

    /// The tenant's names.
    func keys(of tenant: TenantName) -> TenantKeys {
        known.withLock { known in
            if let last = known.last, last.owner == tenant { return last }
            let keys = known.all[tenant] ?? names.keys(of: tenant)
            if known.all[tenant] == nil {
                if known.all.count >= limit { known.all.removeAll(keepingCapacity: true) }
                known.all[tenant] = keys
            }
            known.last = keys
            return keys
        }
    }
}
