package import Governance

/// Where the tools of each tenant are kept, discovered by one node for all: the node that has the tenant in its care.
package protocol CatalogueDirectory: Sendable {
    /// Takes or renews the care of a tenant for `lease` ms. Answers the catalogue's version too, which heals a lost message.
    func care(for tenant: TenantName, by node: NodeID, lease: Int64) async throws(StoreError) -> TenantCare
    /// Gives the care up, so that another node may take it at once.
    func release(_ tenant: TenantName, by node: NodeID) async throws(StoreError)
    /// The records whose stamps differ from those `known` by the caller.
    func read(_ tenant: TenantName, knowing known: [UpstreamName: Int64]) async throws(StoreError) -> CatalogueState
    /// Writes what the caring node found; a change that agents can see gives the catalogue a new version and tells all nodes.
    /// False when the care has passed to another.
    func write(
        _ record: UpstreamRecord, of upstream: UpstreamName, tenant: TenantName, fence: Int64, isVisible: Bool
    ) async throws(StoreError) -> Bool
    /// Removes the records of all upstreams but these; false when the care has passed to another.
    func keep(only upstreams: [UpstreamName], of tenant: TenantName, fence: Int64) async throws(StoreError) -> Bool
    /// Tells all nodes that an upstream says that its lists have changed: whichever cares for it looks.
    func suspect(_ upstream: UpstreamName, of tenant: TenantName) async throws(StoreError)
    /// Pins the definitions that are listed now, of one tool or of all that the upstream has, tells the caring node to look again, and tells
    /// who approved them. False where the upstream or the tool is unknown. The care goes on under a new fence: what was found before is not written over it.
    func approve(_ tool: String?, of upstream: UpstreamName, tenant: TenantName, by operator: String) async throws(StoreError) -> Bool
}

/// Who looks after a tenant's upstreams.
package struct TenantCare: Sendable, Hashable {
    /// Rises with each change of hands; nil where another node has the care.
    package let fence: Int64?
    /// The catalogue's version.
    package let version: Int64

    package init(fence: Int64?, version: Int64) {
        self.fence = fence
        self.version = version
    }
}

/// A tenant's records at one version.
package struct CatalogueState: Sendable, Hashable {
    package let version: Int64
    /// Only those that have changed.
    package let changed: [UpstreamName: UpstreamRecord]
    /// The stamp of every record there is; a record without one is gone.
    package let stamps: [UpstreamName: Int64]

    package init(version: Int64, changed: [UpstreamName: UpstreamRecord], stamps: [UpstreamName: Int64]) {
        self.version = version
        self.changed = changed
        self.stamps = stamps
    }
}
