/// The upstreams of tenants, as an operator sees them.
package protocol UpstreamMonitor: Sendable {
    /// How each upstream of the tenant stands, in order of their names.
    func standings(of tenant: TenantName) async throws(StoreError) -> [UpstreamStanding]
    /// Offers again what is withheld because its definition has changed: one tool, or all that the upstream lists now. False where the
    /// upstream or the tool is unknown.
    func approve(_ tool: String?, of upstream: UpstreamName, tenant: TenantName, by operator: String) async throws(StoreError) -> Bool
}

/// How an upstream stands, as the node that looks after its tenant last found it.
package struct UpstreamStanding: Sendable, Hashable {
    /// A failure that is past.
    package struct Failure: Sendable, Hashable {
        package let reason: String
        /// Unix milliseconds.
        package let at: Int64

        package init(reason: String, at: Int64) {
            self.reason = reason
            self.at = at
        }
    }

    package let tenant: TenantName
    package let upstream: UpstreamName
    /// Why it cannot be used; nil while it can.
    package var down: String?
    /// The last change between the two, unix milliseconds.
    package let since: Int64
    /// The node that found all this.
    package let node: NodeID
    package var transport: String?
    /// The protocol revision that was agreed on.
    package var revision: String?
    /// Its name and version as it tells them.
    package var server: String?
    /// How many it listed last.
    package var tools = 0
    /// Tools whose definition is not the one that was seen first or approved last.
    package var changedTools: [String] = []
    /// Its tools have left the list because it was down too long.
    package var isWithdrawn = false
    /// How long the last good look took, milliseconds.
    package var latency: Int64?
    /// Unix milliseconds.
    package var listed: Int64?
    package var lastFailure: Failure?

    package init(tenant: TenantName, upstream: UpstreamName, since: Int64, node: NodeID) {
        self.tenant = tenant
        self.upstream = upstream
        self.since = since
        self.node = node
    }
}
