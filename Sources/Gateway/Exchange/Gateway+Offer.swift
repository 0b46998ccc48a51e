import Governance
import MCPWire
import Upstreams

extension Gateway {
    /// What the tenant's agents are told that they find here: behind a transparent tenant what its upstream has, where that is known.
    func offer(of tenant: Tenant) -> Offer {
        guard tenant.isTransparent, let upstream = tenant.upstreams.first else { return .fixed }
        return catalogues.offer(of: upstream.name, in: tenant) ?? .fixed
    }

    /// Tells the tenant's agents of changes that they were promised to be told of.
    func listsChanged(_ kinds: ListKinds, of tenant: TenantName) {
        guard let document = tenants.tenant(tenant) else { return }
        let told = kinds.intersection(offer(of: document).announced)
        if !told.isEmpty { streams.tell(changed: told, of: tenant) }
    }
}
