import Governance
import Macaroons

extension Authenticator {
    /// The root key that what this gateway hands out to the tenant is sealed with; the same on all nodes.
    func root(of tenant: TenantName) -> RootKey? {
        (ring.keys.first { $0.tenant == tenant } ?? ring.keys.first { $0.tenant == nil })?.root
    }
}
