import Governance
import TimeZones

/// Reads tenants' documents from YAML: a list `tenants`, each with `name`, `upstreams`, `tariff`, `budgets`, `default_budget`, `cap`,
/// `mode`, `rate_limits`, `durability`, `unbudgeted` and `naming`. Unknown keys and bad values are errors that name their line.
enum TenantsFile {
    private static let known: Set<String> = [
        "name", "upstreams", "tariff", "budgets", "default_budget", "cap", "mode", "rate_limits", "durability", "unbudgeted", "naming",
    ]

    /// The tenants of the file.
    static func read(_ file: String, zones: ZoneDatabase) throws(ConfigurationError) -> [Tenant] {
        try tenants(in: try YAMLNode.read(file), zones: zones)
    }

    /// The tenants of the document; zones that windows name must be among `zones`.
    static func tenants(in root: YAMLNode, zones: ZoneDatabase) throws(ConfigurationError) -> [Tenant] {
        guard let list = try root.mapping(["tenants"])["tenants"] else { throw root.error("tenants: missing") }
        var tenants: [Tenant] = []
        for element in try list.elements() {
            let tenant = try tenant(element, zones)
            guard !tenants.contains(where: { $0.name == tenant.name }) else { throw element.error("tenant \(tenant.name) is stated twice") }
            tenants.append(tenant)
        }
        return tenants
    }

    /// The tenant of one document.
    static func tenant(_ node: YAMLNode, _ zones: ZoneDatabase) throws(ConfigurationError) -> Tenant {
        let keys = try node.mapping(known)
        guard let name = keys["name"] else { throw node.error("name: missing") }
        guard let upstreams = keys["upstreams"] else { throw node.error("upstreams: missing") }
        return Tenant(
            name: try name.value("a name like acme-1", { TenantName($0) }),
            upstreams: try self.upstreams(upstreams),
            tariff: try keys["tariff"]?.tariff() ?? Tariff(base: nil),
            budgets: try budgets(keys["budgets"], zones),
            defaultBudget: try keys["default_budget"]?.value("a budget's name", { BudgetName($0) }),
            cap: try cap(keys["cap"], zones),
            mode: try keys["mode"]?.mode() ?? .hard,
            rateLimits: try keys["rate_limits"]?.rateLimits() ?? RateTerms(),
            durability: try keys["durability"]?.durability() ?? .async,
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

    private static func budgets(
        _ node: YAMLNode?, _ zones: ZoneDatabase
    ) throws(ConfigurationError) -> [BudgetName: BudgetTerms] {
        var budgets: [BudgetName: BudgetTerms] = [:]
        for (name, value) in try node?.members() ?? [] {
            guard let budget = BudgetName(name) else { throw value.error("not a budget's name: [a-z0-9][A-Za-z0-9._-]{0,63}") }
            budgets[budget] = try value.budgetTerms(zones)
        }
        return budgets
    }

    private static func cap(_ node: YAMLNode?, _ zones: ZoneDatabase) throws(ConfigurationError) -> BudgetTerms? {
        guard let node else { return nil }
        return node.isScalar ? BudgetTerms(limit: try node.credits()) : try node.budgetTerms(zones)
    }
}
