package import Governance
package import Macaroons

/// What a token says of itself, none of it verified: enough to say which one is to be revoked.
package struct TokenClaim: Sendable, Hashable {
    package let id: TokenID
    /// The one tenant that it names.
    package let tenant: TenantName?
    /// The earliest of its expiries, unix milliseconds.
    package let expires: Int64?

    /// Nil only when libcrypto fails.
    package init?(_ macaroon: Macaroon) {
        guard let id = (try? macaroon.id()).flatMap({ TokenID($0.hex) }) else { return nil }
        var tenants: Set<TenantName> = []
        var expiries: [Int64] = []
        for caveat in macaroon.caveats {
            switch try? CaveatStatement(caveat.identifier) {
            case .tenant(let tenant): tenants.insert(tenant)
            case .expires(let instant): expiries.append(instant)
            default: break
            }
        }
        self.id = id
        tenant = tenants.count == 1 ? tenants.first : nil
        expires = expiries.min()
    }
}
