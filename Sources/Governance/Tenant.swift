/// One tenant as its document states it. Shared by all that concerns it: it is large to copy.
package final class Tenant: Sendable {
    /// What happens to a call whose token names no account at all.
    package enum Unbudgeted: String, Sendable { case refuse, allow }
    /// How names of tools are shown: prefixed by their upstream only where two collide, always, or never.
    package enum Naming: String, Sendable {
        case onCollision = "on-collision"
        case always, never
    }

    /// What happens to a call that an account has no credit for.
    package enum Mode: String, Sendable, CaseIterable {
        /// It is made and charged; that it would have been refused is an event.
        case observe
        /// The same, and the agent is warned.
        case soft
        /// It is refused.
        case hard
    }

    /// The price of a tool's call where nothing names another.
    package static let usualPrice = Credits(whole: 1) ?? .zero

    package let name: TenantName
    /// In document order, which is the order of precedence.
    package let upstreams: [UpstreamDocument]
    /// It has a default.
    package let tariff: Tariff
    /// Accounts with a stated limit, made on first use.
    package let budgets: [BudgetName: BudgetTerms]
    /// The account of tokens that name none.
    package let defaultBudget: BudgetName?
    /// A cap over everything the tenant spends.
    package let cap: BudgetTerms?
    /// Of all accounts for which the document states none, the caps of tokens among them.
    package let mode: Mode
    package let rateLimits: RateTerms
    package let durability: Durability
    package let unbudgeted: Unbudgeted
    package let naming: Naming

    package init(
        name: TenantName, upstreams: [UpstreamDocument], tariff: Tariff, budgets: [BudgetName: BudgetTerms] = [:],
        defaultBudget: BudgetName? = nil, cap: BudgetTerms? = nil, mode: Mode = .hard, rateLimits: RateTerms = RateTerms(),
        durability: Durability = .async, unbudgeted: Unbudgeted = .refuse, naming: Naming = .onCollision
    ) {
        self.name = name
        self.upstreams = upstreams
        self.tariff = tariff.base == nil ? Tariff(base: Self.usualPrice, prices: tariff.prices) : tariff
        self.budgets = budgets
        self.defaultBudget = defaultBudget
        self.cap = cap
        self.mode = mode
        self.rateLimits = rateLimits
        self.durability = durability
        self.unbudgeted = unbudgeted
        self.naming = naming
    }

    /// Agents see its only upstream as it is.
    package var isTransparent: Bool { naming == .never && upstreams.count == 1 }

    /// Milliseconds that a call of this upstream may take; nil for an upstream that is not the tenant's.
    package func timeout(of upstream: UpstreamName) -> Int64? { index(of: upstream).map { upstreams[$0].timeout } }

    /// By index: a document is large to copy, and each call asks.
    private func index(of upstream: UpstreamName) -> Int? { upstreams.indices.first { upstreams[$0].name == upstream } }
}

extension Tenant: Equatable {
    package static func == (left: Tenant, right: Tenant) -> Bool {
        left === right
            || left.name == right.name && left.upstreams == right.upstreams && left.tariff == right.tariff && left.budgets == right.budgets
                && left.defaultBudget == right.defaultBudget && left.cap == right.cap && left.mode == right.mode
                && left.rateLimits == right.rateLimits && left.durability == right.durability && left.unbudgeted == right.unbudgeted
                && left.naming == right.naming
    }

    /// The same but for what happens to a call that an account has no credit for.
    package func with(_ mode: Mode) -> Tenant {
        Tenant(
            name: name, upstreams: upstreams, tariff: tariff, budgets: budgets, defaultBudget: defaultBudget, cap: cap, mode: mode,
            rateLimits: rateLimits, durability: durability, unbudgeted: unbudgeted, naming: naming)
    }
}

// MARK: Accounts

extension Tenant {
    /// What happens to a call that the account has no credit for.
    package func mode(of account: AccountName) -> Mode { terms(of: account)?.mode ?? mode }

    /// What the document states of the account.
    package func terms(of account: AccountName) -> BudgetTerms? {
        switch account {
        case .budget(let name): budgets[name]
        case .tenant: cap
        case .cap: nil
        }
    }
}

// MARK: Prices

extension Tenant {
    /// The price of one call of the upstream's tool `own`, which agents know as `shown`: the upstream's own tariff goes first.
    package func price(ofTool own: String, at upstream: UpstreamName, shown: String) -> Credits {
        index(of: upstream).flatMap { upstreams[$0].tariff?.price(of: own) } ?? tariff.price(of: shown) ?? Self.usualPrice
    }

    /// The price of one request of this method for the upstream's prompt or resource `own`, which agents know as `shown`.
    package func price(of method: String, _ own: String, at upstream: UpstreamName, shown: String) -> Credits {
        index(of: upstream).flatMap { upstreams[$0].tariff?.price(of: method, own) } ?? tariff.price(of: method, shown) ?? .zero
    }

    /// The upstream may say what a call has cost in truth.
    package func reportsCost(_ upstream: UpstreamName) -> Bool { index(of: upstream).map { upstreams[$0].reportsCost } ?? false }

    /// What the upstream says of its tools (that they only read, that they may be repeated) counts.
    package func trustsHints(_ upstream: UpstreamName) -> Bool { index(of: upstream).map { upstreams[$0].trustsHints } ?? false }
}
