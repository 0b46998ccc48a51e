import Governance
import Macaroons

extension Authenticator {
    /// The root key that what this gateway hands out to the tenant is sealed with; the same on all nodes.
    func root(of tenant: TenantName) -> RootKey? { signer(of: tenant)?.root }

    /// The key that new tokens of the tenant are signed with; nil where it has none.
    func signer(of tenant: TenantName) -> KeyRing.Key? { keys(of: tenant).first }

    /// All root keys under which such things may still be out, the one that seals first: keys rotate.
    func roots(of tenant: TenantName) -> [RootKey] { keys(of: tenant).map(\.root) }

    /// Its own ahead of those of any tenant.
    private func keys(of tenant: TenantName) -> [KeyRing.Key] {
        ring.keys.filter { $0.tenant == tenant } + ring.keys.filter { $0.tenant == nil }
    }
}
