import Foundation
import Governance

/// Reads tenants' documents from YAML: a list `tenants`, each with `name`, `upstreams`, `tariff`, `budgets`, `default_budget`, `cap`,
/// `unbudgeted` and `naming`. Unknown keys and bad values are errors that name their line.
struct TenantsFile {
    /// The tenants of the file.
    func read(_ file: String) throws(ConfigurationError) -> [Tenant] { try tenants(in: try YAMLNode.read(file)) }

    /// The tenants of the document.
    func tenants(in root: YAMLNode) throws(ConfigurationError) -> [Tenant] {
        guard let list = try root.mapping(["tenants"])["tenants"] else { throw root.error("tenants: missing") }
        var tenants: [Tenant] = []
        for element in try list.elements() {
            let tenant = try tenant(element)
            guard !tenants.contains(where: { $0.name == tenant.name }) else { throw element.error("tenant \(tenant.name) is stated twice") }
            tenants.append(tenant)
        }
        return tenants
    }

    private func tenant(_ node: YAMLNode) throws(ConfigurationError) -> Tenant {
        let keys = try node.mapping(["name", "upstreams", "tariff", "budgets", "default_budget", "cap", "unbudgeted", "naming"])
        guard let name = keys["name"] else { throw node.error("name: missing") }
        guard let upstreams = keys["upstreams"] else { throw node.error("upstreams: missing") }
        return Tenant(
            name: try name.value("a name like acme-1", { TenantName($0) }),
            upstreams: try self.upstreams(upstreams),
            tariff: try tariff(keys["tariff"]),
            budgets: try budgets(keys["budgets"]),
            defaultBudget: try keys["default_budget"].map { node throws(ConfigurationError) in
                try node.value("a budget's name", { BudgetName($0) })
            },
            cap: try keys["cap"].map { node throws(ConfigurationError) in try credits(node) },
            unbudgeted: try keys["unbudgeted"].map { node throws(ConfigurationError) in
                try node.value("refuse or allow", Tenant.Unbudgeted.init(rawValue:))
            } ?? .refuse,
            naming: try keys["naming"].map { node throws(ConfigurationError) in
                try node.value("on-collision, always or never", Tenant.Naming.init(rawValue:))
            } ?? .onCollision)
    }

    private func upstreams(_ node: YAMLNode) throws(ConfigurationError) -> [UpstreamDocument] {
        var upstreams: [UpstreamDocument] = []
        for element in try node.elements() {
            let upstream = try upstream(element)
            guard !upstreams.contains(where: { $0.name == upstream.name }) else {
                throw element.error("upstream \(upstream.name) is stated twice")
            }
            upstreams.append(upstream)
        }
        return upstreams
    }

    private func upstream(_ node: YAMLNode) throws(ConfigurationError) -> UpstreamDocument {
        let keys = try node.mapping(["name", "url", "headers", "timeout"])
        guard let name = keys["name"] else { throw node.error("name: missing") }
        guard let url = keys["url"] else { throw node.error("url: missing") }
        var headers: [String: Template] = [:]
        for (header, value) in try keys["headers"]?.members() ?? [] { headers[header] = try template(value) }
        return UpstreamDocument(
            name: try name.value("a name like tools-1: [a-z][a-z0-9-]{0,31}", { UpstreamName($0) }),
            place: .url(try url.value("an http:// or https:// address", Self.address)), transport: .streamableHTTP, sessions: .shared,
            headers: headers,
            timeout: try keys["timeout"].map { node throws(ConfigurationError) in
                try node.value("a duration like 30s or 500ms", { Milliseconds($0)?.count })
            } ?? 30_000)
    }

    /// A text that may refer to secrets; whether they are there is seen when the upstream is spoken to.
    private func template(_ node: YAMLNode) throws(ConfigurationError) -> Template {
        try node.value("a text with ${env:NAME} or ${file:PATH}, if any", { Template($0) })
    }

    private func tariff(_ node: YAMLNode?) throws(ConfigurationError) -> Tariff {
        let one = Credits(whole: 1) ?? .zero
        guard let node else { return Tariff(base: one) }
        let keys = try node.mapping(["default", "tools"])
        var prices: [String: Credits] = [:]
        for (tool, price) in try keys["tools"]?.members() ?? [] { prices[tool] = try credits(price) }
        return Tariff(base: try keys["default"].map { node throws(ConfigurationError) in try credits(node) } ?? one, prices: prices)
    }

    private func budgets(_ node: YAMLNode?) throws(ConfigurationError) -> [BudgetName: Credits] {
        var budgets: [BudgetName: Credits] = [:]
        for (name, value) in try node?.members() ?? [] {
            guard let budget = BudgetName(name) else { throw value.error("not a budget's name: [a-z0-9][A-Za-z0-9._-]{0,63}") }
            guard let limit = try value.mapping(["limit"])["limit"] else { throw value.error("limit: missing") }
            budgets[budget] = try credits(limit)
        }
        return budgets
    }

    private func credits(_ node: YAMLNode) throws(ConfigurationError) -> Credits {
        try node.value("credits: a number with at most six decimals", { Credits(decimal: $0) })
    }

    /// The text when it is an absolute http(s) URL with a host and without credentials.
    private static func address(_ text: String) -> String? {
        guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https", url.host?.isEmpty == false, url.user == nil else {
            return nil
        }
        return text
    }
}

/// A span of time as an operator writes it: `500ms`, `30s`, `5m`, `24h`.
struct Milliseconds {
    let count: Int64

    /// Nil unless digits are followed by a unit.
    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units: [Substring: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let value = Int64(digits), let unit = units[text.dropFirst(digits.count)] else { return nil }
        let (count, overflow) = value.multipliedReportingOverflow(by: unit)
        guard !overflow, count > 0 else { return nil }
        self.count = count
    }
}
