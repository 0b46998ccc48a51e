package import Governance

/// What the operator sees of upstreams, read from where the catalogues of all nodes are kept.
package struct CatalogueMonitor: UpstreamMonitor {
    private let directory: any CatalogueDirectory

    package init(_ directory: any CatalogueDirectory) { self.directory = directory }

    package func standings(of tenant: TenantName) async throws(StoreError) -> [UpstreamStanding] {
        let records = try await directory.read(tenant, knowing: [:]).changed
        return records.sorted { $0.key < $1.key }.map { UpstreamStanding($1, of: $0, tenant: tenant) }
    }

    package func approve(
        _ tool: String?, of upstream: UpstreamName, tenant: TenantName, by operator: String
    ) async throws(StoreError) -> Bool {
        try await directory.approve(tool, of: upstream, tenant: tenant, by: `operator`)
    }
}

extension UpstreamStanding {
    /// How the upstream stands by its record.
    package init(_ record: UpstreamRecord, of upstream: UpstreamName, tenant: TenantName) {
        self.init(tenant: tenant, upstream: upstream, since: record.since, node: record.node)
        if case .down(let reason) = record.standing { down = reason }
        transport = record.terms?.transport.rawValue
        revision = record.terms?.revision
        server = record.server
        tools = record.tools.count
        changedTools = record.changedTools
        isWithdrawn = record.isWithdrawn
        latency = record.latency
        listed = record.listedAt
        lastFailure = record.lastFailure.map { Failure(reason: $0.reason, at: $0.at) }
    }
}
