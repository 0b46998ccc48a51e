/// Where the node looks up tenants.
package protocol TenantDirectory: Sendable {
    /// The tenant; nil when it is unknown or deleted.
    func tenant(_ name: TenantName) -> Tenant?
    /// True while there may be a tenant of that name that the node has not been able to read.
    func isUnread(_ name: TenantName) -> Bool
    /// All of them.
    var all: [Tenant] { get }
}
