/// What a verified token entitles its holder to; made only by authentication. Shared by all that its holder asks.
package final class Grant: Sendable {
    /// A `budget_limit` caveat: a cap account named by the id of the chain prefix that ends in it.
    package struct Cap: Sendable, Hashable {
        package let prefix: TokenID
        package let limit: Credits
        package init(prefix: TokenID, limit: Credits) {
            self.prefix = prefix
            self.limit = limit
        }
    }

    /// What an access token was granted elsewhere.
    package struct Access: Sendable, Hashable {
        /// The `iss` of the authorization server.
        package let issuer: String
        /// As the authorization server names them.
        package let scopes: [String]
        package init(issuer: String, scopes: [String]) {
            self.issuer = issuer
            self.scopes = scopes
        }
    }

    package let tenant: TenantName
    package let token: TokenID
    /// The ancestors it was delegated from, then the ids of every prefix of the chain, the root's first, the token's own last:
    /// revoking any of them revokes this token.
    package let lineage: [TokenID]
    /// Unix milliseconds of the earliest `expires` caveat; the token is valid strictly before it.
    package let expires: Int64
    package let scope: Scope
    /// Where an access token of OAuth is from; nil: the token is a macaroon.
    package let access: Access?
    /// The budget account, present only when sealed by `budget_bind`.
    package let budget: BudgetName?
    /// Outermost (first in the chain) first, at most eight.
    package let caps: [Cap]
    package let label: String?
    /// How many delegations may follow each other from here; nil: any number.
    package let delegationDepth: Int?
    /// The most that one delegation may give; nil: what there is.
    package let delegationBudget: Credits?

    package init(
        tenant: TenantName, token: TokenID, lineage: [TokenID], expires: Int64, scope: Scope, budget: BudgetName?, caps: [Cap],
        label: String?, delegationDepth: Int? = nil, delegationBudget: Credits? = nil, access: Access? = nil
    ) {
        self.access = access
        self.delegationDepth = delegationDepth
        self.delegationBudget = delegationBudget
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

extension Grant: Equatable {
    package static func == (left: Grant, right: Grant) -> Bool {
        left === right
            || left.tenant == right.tenant && left.token == right.token && left.lineage == right.lineage && left.expires == right.expires
                && left.scope == right.scope && left.budget == right.budget && left.caps == right.caps && left.label == right.label
                && left.delegationDepth == right.delegationDepth && left.delegationBudget == right.delegationBudget
                && left.access == right.access
    }
}
