/// Where the node looks up tenants.
package protocol TenantDirectory: Sendable {
    /// The tenant; nil when it is unknown or deleted.
    func tenant(_ name: TenantName) -> Tenant?
    /// All of them.
    var all: [Tenant] { get }
}
