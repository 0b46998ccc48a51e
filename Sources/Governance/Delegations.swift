/// Budgets that tokens have given to tokens made of them. Each is an account of its own, carved out of all accounts of its parent's chain
/// but the tenant's cap; when its token ends, what it has not spent goes back.
package protocol Delegations: Sendable {
    /// Carves the child's budget once for each request; repeated, it answers what was carved then.
    func delegate(_ delegation: Delegation) async throws(StoreError) -> DelegationReply
    /// Up to `limit` children whose token has expired, and whether any child lives at all.
    func due(of tenant: TenantName, limit: Int) async throws(StoreError) -> DueDelegations
    /// The living children whose token, or one that it is made of, is among these.
    func children(of tenant: TenantName, madeOf tokens: Set<TokenID>) async throws(StoreError) -> [BudgetName]
    /// Gives back what an ended child has not spent, once; `node` does it.
    func end(_ child: BudgetName, of tenant: TenantName, node: NodeID) async throws(StoreError) -> DelegationEnd
}

/// One delegation as it is asked for.
package struct Delegation: Sendable {
    /// What its repeats are known by.
    package let request: RequestName
    /// Of what was asked: the same under one request, always.
    package let fingerprint: String
    package let tenant: TenantName
    package let amount: Credits
    /// Outermost first; the last is the one whose remainder the agent is told. Never empty.
    package let accounts: [ChargedAccount]
    /// Of the token that delegates: revoking any of these refuses it.
    package let lineage: [TokenID]
    /// Used where the request is new.
    package let child: DelegatedChild
    /// Of the child's token.
    package let childLineage: [TokenID]
    package let label: String?
    package let session: SessionID?
    package let node: NodeID

    package init(
        request: RequestName, fingerprint: String, tenant: TenantName, amount: Credits, accounts: [ChargedAccount], lineage: [TokenID],
        child: DelegatedChild, childLineage: [TokenID], label: String?, session: SessionID?, node: NodeID
    ) {
        self.request = request
        self.fingerprint = fingerprint
        self.tenant = tenant
        self.amount = amount
        self.accounts = accounts
        self.lineage = lineage
        self.child = child
        self.childLineage = childLineage
        self.label = label
        self.session = session
        self.node = node
    }

    /// The most living children that one account may have.
    package static let mostChildren = 1_000
}

/// What a child's token is made of beside its parent's: the same at each repeat of the request.
package struct DelegatedChild: Sendable, Hashable {
    /// `del-<24 hex digits>`.
    package let budget: BudgetName
    /// 32 hex digits.
    package let nonce: String
    /// The id of the root key that signs it.
    package let key: String
    /// Unix milliseconds.
    package let expires: Int64

    package init(budget: BudgetName, nonce: String, key: String, expires: Int64) {
        self.budget = budget
        self.nonce = nonce
        self.key = key
        self.expires = expires
    }

    /// A child that nobody has yet.
    package init?(key: String, expires: Int64) {
        guard let budget = BudgetName(BudgetName.delegatedPrefix + CallID().text.prefix(24)) else { return nil }
        self.init(budget: budget, nonce: CallID().text, key: key, expires: expires)
    }
}

extension BudgetName {
    fileprivate static let delegatedPrefix = "del-"

    /// Spelled as the account of a delegation.
    package var isDelegated: Bool { text.hasPrefix(Self.delegatedPrefix) }
}

/// What came of a delegation.
package enum DelegationReply: Sendable, Hashable {
    /// `remaining`: what the account that the agent is told about had left then.
    case delegated(DelegatedChild, remaining: Credits)
    case refused(DelegationRefusal)
}

/// Why nothing was carved.
package enum DelegationRefusal: Sendable, Hashable {
    case revoked
    /// The request was another before.
    case conflict
    case noAccount(AccountName)
    case rolledBack(AccountName)
    case insufficient(AccountName, available: Credits)
    /// The account has as many living children as it may.
    case tooMany(AccountName)
}

/// Children to end.
package struct DueDelegations: Sendable, Hashable {
    package let children: [BudgetName]
    /// True while the tenant has any child, due or not.
    package let anyLive: Bool

    package init(children: [BudgetName], anyLive: Bool) {
        self.children = children
        self.anyLive = anyLive
    }
}

/// What came of ending a child.
package enum DelegationEnd: Sendable, Hashable {
    case returned(Credits)
    /// Its token lives.
    case live
    /// It has open holds, or children of its own: look again in a second.
    case postponed
    /// It has ended, or never was.
    case unknown
}
