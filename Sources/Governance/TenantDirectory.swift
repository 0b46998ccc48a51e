/// Where tenants' documents come from.
package protocol TenantDirectory: Sendable {
    /// The tenant; nil when it is unknown or deleted.
    func tenant(_ name: TenantName) -> Tenant?
    /// All of them.
    var all: [Tenant] { get }
}

/// Tenants stated once, at the start.
package struct FixedTenants: TenantDirectory {
    private let byName: [TenantName: Tenant]
    package let all: [Tenant]

    package init(_ tenants: [Tenant]) {
        all = tenants
        byName = Dictionary(tenants.map { ($0.name, $0) }) { first, _ in first }
    }

    package func tenant(_ name: TenantName) -> Tenant? { byName[name] }
}
