import Governance

/// The upstreams of all tenants by their names; mostly it is the same tenant's turn again.
struct TenantTable {
    private var all: [TenantName: TenantUpstreams] = [:]
    private var last: TenantUpstreams?

    var values: [TenantUpstreams] { Array(all.values) }

    subscript(name: TenantName) -> TenantUpstreams? {
        mutating get {
            if let last, last.name == name { return last }
            guard let found = all[name] else { return nil }
            last = found
            return found
        }
        set {
            all[name] = newValue
            last = newValue
        }
    }

    /// Takes the tenant's out.
    mutating func removeValue(forKey name: TenantName) -> TenantUpstreams? {
        last = nil
        return all.removeValue(forKey: name)
    }
}
