package import Governance
import Macaroons

/// Mints tokens with the keys of a ring.
package struct RingIssuer: TokenIssuer {
    private let ring: KeyRing

    package init(_ ring: KeyRing) { self.ring = ring }

    package func mint(_ order: TokenOrder, of tenant: TenantName) throws(TokenOrderFlaw) -> IssuedToken {
        let key = try key(order.key, of: tenant)
        var terms = TokenTerms(expires: order.expires)
        terms.tenant = tenant
        terms.scopes = order.scopes
        terms.budget = order.budget
        terms.limit = order.limit
        terms.label = order.label
        do throws(TokenMintError) {
            let (token, grant) = try TokenMint(key: key).minted(terms)
            return IssuedToken(text: token.encoded(), id: grant.token, key: key.id)
        } catch {
            throw TokenOrderFlaw(error)
        }
    }

    package func statement(of token: String) -> TokenStatement? {
        guard let macaroon = try? Macaroon(decoding: token), let claim = TokenClaim(macaroon) else { return nil }
        return TokenStatement(id: claim.id, tenant: claim.tenant, expires: claim.expires)
    }

    private func key(_ id: String?, of tenant: TenantName) throws(TokenOrderFlaw) -> KeyRing.Key {
        guard let id else {
            guard let key = ring.keys.first(where: { $0.tenant == tenant }) ?? ring.keys.first(where: { $0.tenant == nil }) else {
                throw .noKey
            }
            return key
        }
        guard let key = ring.key(id), key.tenant == nil || key.tenant == tenant else { throw .wrongKey }
        return key
    }
}

extension TokenOrderFlaw {
    fileprivate init(_ error: TokenMintError) {
        switch error {
        case .noTenant, .wrongTenant: self = .wrongKey
        case .refused(let reason): self = .refused(reason.rawValue)
        case .macaroon(.tokenTooLong), .macaroon(.tooManyCaveats), .macaroon(.caveatTooLong): self = .tooLong
        case .macaroon: self = .cryptography
        }
    }
}
