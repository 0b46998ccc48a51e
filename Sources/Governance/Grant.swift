/// What a verified token entitles its holder to; made only by authentication.
package struct Grant: Sendable, Hashable {
    /// A `budget_limit` caveat: a cap account named by the id of the chain prefix that ends in it.
    package struct Cap: Sendable, Hashable {
        package let prefix: TokenID
        package let limit: Credits
        package init(prefix: TokenID, limit: Credits) {
            self.prefix = prefix
            self.limit = limit
        }
    }

    package let tenant: TenantName
    package let token: TokenID
    /// The ancestors it names as `parent`, then the ids of every prefix of the chain, the root's first, the token's own last:
    /// revoking any of them revokes this token.
    package let lineage: [TokenID]
    /// Unix milliseconds of the earliest `expires` caveat; the token is valid strictly before it.
    package let expires: Int64
    package let scope: Scope
    /// The budget account, present only when sealed by `budget_bind`.
    package let budget: BudgetName?
    /// Outermost (first in the chain) first, at most eight.
    package let caps: [Cap]
    package let label: String?

    package init(
        tenant: TenantName, token: TokenID, lineage: [TokenID], expires: Int64, scope: Scope, budget: BudgetName?, caps: [Cap],
        label: String?
    ) {
        self.tenant = tenant
        self.token = token
        self.lineage = lineage
        self.expires = expires
        self.scope = scope
        self.budget = budget
        self.caps = caps
        self.label = label
    }
}
