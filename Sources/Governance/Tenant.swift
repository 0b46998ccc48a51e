/// One tenant as its document states it.
package struct Tenant: Sendable, Hashable {
    /// What happens to a call whose token names no account at all.
    package enum Unbudgeted: String, Sendable { case refuse, allow }
    /// How names of tools are shown: prefixed by their upstream only where two collide, always, or never.
    package enum Naming: String, Sendable {
        case onCollision = "on-collision"
        case always, never
    }

    package let name: TenantName
    /// In document order, which is the order of precedence.
    package let upstreams: [UpstreamDocument]
    package let tariff: Tariff
    /// Accounts with a stated limit, made on first use.
    package let budgets: [BudgetName: Credits]
    /// The account of tokens that name none.
    package let defaultBudget: BudgetName?
    /// A cap over everything the tenant spends.
    package let cap: Credits?
    package let unbudgeted: Unbudgeted
    package let naming: Naming

    package init(
        name: TenantName, upstreams: [UpstreamDocument], tariff: Tariff, budgets: [BudgetName: Credits] = [:],
        defaultBudget: BudgetName? = nil, cap: Credits? = nil, unbudgeted: Unbudgeted = .refuse, naming: Naming = .onCollision
    ) {
        self.name = name
        self.upstreams = upstreams
        self.tariff = tariff
        self.budgets = budgets
        self.defaultBudget = defaultBudget
        self.cap = cap
        self.unbudgeted = unbudgeted
        self.naming = naming
    }

    /// Agents see its only upstream as it is.
    package var isTransparent: Bool { naming == .never && upstreams.count == 1 }

    /// Milliseconds that a call of this upstream may take; nil for an upstream that is not the tenant's.
    package func timeout(of upstream: UpstreamName) -> Int64? {
        // By index: a document is large to copy, and each call asks.
        upstreams.indices.first { upstreams[$0].name == upstream }.map { upstreams[$0].timeout }
    }
}
