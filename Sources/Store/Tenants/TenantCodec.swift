package import Governance

/// A tenant's document as it is kept: one canonical JSON text, with the keys of the operator's YAML, defaults left out, amounts as
/// decimals of credits. Equal tenants have equal texts.
package enum TenantCodec {
    /// The canonical text.
    package static func text(of tenant: Tenant) -> String { value(of: tenant).json }

    /// The document before it is spelled.
    package static func value(of tenant: Tenant) -> DocumentValue {
        var out: [String: DocumentValue] = [
            "name": .text(tenant.name.text), "upstreams": .list(tenant.upstreams.map { value(of: $0) }),
        ]
        out["tariff"] = value(of: tenant.tariff, usually: Tenant.usualPrice)
        if !tenant.budgets.isEmpty {
            out["budgets"] = .object(Dictionary(uniqueKeysWithValues: tenant.budgets.map { ($0.key.text, value(of: $0.value)) }))
        }
        out["default_budget"] = tenant.defaultBudget.map { .text($0.text) }
        out["cap"] = tenant.cap.map { $0 == BudgetTerms(limit: $0.limit) ? .number($0.limit.description) : value(of: $0) }
        if tenant.mode != .hard { out["mode"] = .text(tenant.mode.rawValue) }
        out["rate_limits"] = value(of: tenant.rateLimits)
        out["durability"] = value(of: tenant.durability)
        if tenant.unbudgeted != .refuse { out["unbudgeted"] = .text(tenant.unbudgeted.rawValue) }
        if tenant.naming != .onCollision { out["naming"] = .text(tenant.naming.rawValue) }
        return .object(out)
    }

    /// Nil for a tariff that says nothing but the usual price.
    static func value(of tariff: Tariff, usually usual: Credits?) -> DocumentValue? {
        var out: [String: DocumentValue] = [:]
        if tariff.base != usual { out["default"] = tariff.base.map { .number($0.description) } }
        if !tariff.prices.isEmpty { out["tools"] = .object(tariff.prices.mapValues { .number($0.description) }) }
        return out.isEmpty ? nil : .object(out)
    }
}

// MARK: Reading

extension TenantCodec {
    /// Reads a text back; a field it does not know, or a value that cannot be, is an error that names it.
    package static func tenant(in text: String) throws(StoreError) -> Tenant {
        var fields = try DocumentNode(value: try DocumentValue(json: text), path: "").fields()
        let tenant = Tenant(
            name: try fields.need("name").parsed { TenantName($0) }, upstreams: try upstreams(try fields.need("upstreams")),
            tariff: try tariff(fields.take("tariff")) ?? Tariff(base: nil), budgets: try budgets(fields.take("budgets")),
            defaultBudget: try fields.take("default_budget")?.parsed { BudgetName($0) }, cap: try cap(fields.take("cap")),
            mode: try fields.take("mode")?.parsed(Tenant.Mode.init(rawValue:)) ?? .hard,
            rateLimits: try rateLimits(fields.take("rate_limits")), durability: try durability(fields.take("durability")),
            unbudgeted: try fields.take("unbudgeted")?.parsed(Tenant.Unbudgeted.init(rawValue:)) ?? .refuse,
            naming: try fields.take("naming")?.parsed(Tenant.Naming.init(rawValue:)) ?? .onCollision)
        try fields.end()
        return tenant
    }

    private static func upstreams(_ node: DocumentNode) throws(StoreError) -> [UpstreamDocument] {
        var upstreams: [UpstreamDocument] = []
        for element in try node.elements() { upstreams.append(try upstream(element)) }
        return upstreams
    }

    /// Nil where there is none.
    static func tariff(_ node: DocumentNode?) throws(StoreError) -> Tariff? {
        guard var fields = try node?.fields() else { return nil }
        var prices: [String: Credits] = [:]
        for (tool, price) in try fields.take("tools")?.members() ?? [] { prices[tool] = try price.credits() }
        let tariff = Tariff(base: try fields.take("default")?.credits(), prices: prices)
        try fields.end()
        return tariff
    }

    private static func budgets(_ node: DocumentNode?) throws(StoreError) -> [BudgetName: BudgetTerms] {
        var budgets: [BudgetName: BudgetTerms] = [:]
        for (name, value) in try node?.members() ?? [] {
            guard let budget = BudgetName(name) else { throw value.error("not a budget's name") }
            budgets[budget] = try terms(value)
        }
        return budgets
    }
}
