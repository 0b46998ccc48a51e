import Governance

/// Reads tenants' documents from YAML: a list `tenants`, each with `name`, `upstreams`, `tariff`, `budgets`, `default_budget`, `cap`,
/// `unbudgeted` and `naming`. Unknown keys and bad values are errors that name their line.
enum TenantsFile {
    /// The tenants of the file.
    static func read(_ file: String) throws(ConfigurationError) -> [Tenant] { try tenants(in: try YAMLNode.read(file)) }

    /// The tenants of the document.
    static func tenants(in root: YAMLNode) throws(ConfigurationError) -> [Tenant] {
        guard let list = try root.mapping(["tenants"])["tenants"] else { throw root.error("tenants: missing") }
        var tenants: [Tenant] = []
        for element in try list.elements() {
            let tenant = try tenant(element)
            guard !tenants.contains(where: { $0.name == tenant.name }) else { throw element.error("tenant \(tenant.name) is stated twice") }
            tenants.append(tenant)
        }
        return tenants
    }

    private static func tenant(_ node: YAMLNode) throws(ConfigurationError) -> Tenant {
        let keys = try node.mapping(["name", "upstreams", "tariff", "budgets", "default_budget", "cap", "unbudgeted", "naming"])
        guard let name = keys["name"] else { throw node.error("name: missing") }
        guard let upstreams = keys["upstreams"] else { throw node.error("upstreams: missing") }
        return Tenant(
            name: try name.value("a name like acme-1", { TenantName($0) }),
            upstreams: try self.upstreams(upstreams),
            tariff: try tariff(keys["tariff"]),
            budgets: try budgets(keys["budgets"]),
            defaultBudget: try keys["default_budget"]?.value("a budget's name", { BudgetName($0) }),
            cap: try keys["cap"]?.credits(),
            unbudgeted: try keys["unbudgeted"]?.value("refuse or allow", Tenant.Unbudgeted.init(rawValue:)) ?? .refuse,
            naming: try keys["naming"]?.value("on-collision, always or never", Tenant.Naming.init(rawValue:)) ?? .onCollision)
    }

    private static func upstreams(_ node: YAMLNode) throws(ConfigurationError) -> [UpstreamDocument] {
        var upstreams: [UpstreamDocument] = []
        for element in try node.elements() {
            let upstream = try UpstreamEntry(element).document()
            guard !upstreams.contains(where: { $0.name == upstream.name }) else {
                throw element.error("upstream \(upstream.name) is stated twice")
            }
            upstreams.append(upstream)
        }
        return upstreams
    }

    private static func tariff(_ node: YAMLNode?) throws(ConfigurationError) -> Tariff {
        let one = Credits(whole: 1) ?? .zero
        guard let node else { return Tariff(base: one) }
        let keys = try node.mapping(["default", "tools"])
        var prices: [String: Credits] = [:]
        for (tool, price) in try keys["tools"]?.members() ?? [] { prices[tool] = try price.credits() }
        return Tariff(base: try keys["default"]?.credits() ?? one, prices: prices)
    }

    private static func budgets(_ node: YAMLNode?) throws(ConfigurationError) -> [BudgetName: Credits] {
        var budgets: [BudgetName: Credits] = [:]
        for (name, value) in try node?.members() ?? [] {
            guard let budget = BudgetName(name) else { throw value.error("not a budget's name: [a-z0-9][A-Za-z0-9._-]{0,63}") }
            guard let limit = try value.mapping(["limit"])["limit"] else { throw value.error("limit: missing") }
            budgets[budget] = try limit.credits()
        }
        return budgets
    }
}

extension YAMLNode {
    /// The scalar as an amount.
    fileprivate func credits() throws(ConfigurationError) -> Credits {
        try value("credits: a number with at most six decimals", { Credits(decimal: $0) })
    }
}
