/// The tokens that an operator has revoked. What is made of a revoked token, by its holder or by delegation, is revoked with it.
package protocol Revocations: Sendable {
    /// Revokes the token on all nodes; what it says of a token that is revoked already only ever prolongs.
    func revoke(_ revocation: Revocation, of tenant: TenantName) async throws(StoreError) -> RevocationOutcome
    /// The ids revoked after that place; nil: all of them.
    func revoked(of tenant: TenantName, after place: Int64?) async throws(StoreError) -> RevokedIDs
}

/// One token to revoke.
package struct Revocation: Sendable, Hashable {
    /// The least time for which its id is kept, milliseconds: no token is minted for longer.
    package static let shortestMemory = TokenLifetime.longest

    package let token: TokenID
    /// Unix milliseconds after which the token is good for nothing anyway, and its id may be forgotten; nil: never.
    package let ends: Int64?
    /// The way it is revoked, for the event: `cli`, `api`.
    package let source: String
    /// Who revokes it, for the event.
    package let `operator`: String

    package init(token: TokenID, ends: Int64?, source: String, operator: String) {
        self.token = token
        self.ends = ends
        self.source = source
        self.operator = `operator`
    }
}

/// How long tokens may live.
package enum TokenLifetime {
    /// Of a token that is minted, milliseconds: 90 days.
    package static let longest: Int64 = 90 * 86_400_000
}

/// What came of revoking a token.
package enum RevocationOutcome: String, Sendable, Hashable, CaseIterable {
    case revoked
    /// It was revoked before.
    case known
    /// The tenant has no books: there is no such tenant.
    case unknownTenant = "unknown_tenant"
}

/// What is revoked of a tenant's tokens, in the order in which it was.
package struct RevokedIDs: Sendable, Hashable {
    package let ids: [TokenID]
    /// The place of the last one; nil where nothing came after the place that was asked for.
    package let place: Int64?
    /// How many are kept in all.
    package let count: Int

    package init(ids: [TokenID], place: Int64?, count: Int) {
        self.ids = ids
        self.place = place
        self.count = count
    }
}
