import Governance
import MCPWire
import Upstreams

extension Gateway {
    /// What the tenant's agents are told that they find here: behind a transparent tenant what its upstream has, where that is known.
    func offer(of tenant: Tenant) -> Offer {
        guard tenant.isTransparent, let upstream = tenant.upstreams.first else { return .fixed }
        return catalogues.offer(of: upstream.name, in: tenant) ?? .fixed
    }
}
