import Governance
import TimeZones

/// What a tenant's document says of money and rates, read from YAML.
extension YAMLNode {
    /// The scalar as an amount.
    func credits() throws(ConfigurationError) -> Credits {
        try value("credits: a number with at most six decimals", { Credits(decimal: $0) })
    }

    /// The scalar as a mode of accounts.
    func mode() throws(ConfigurationError) -> Tenant.Mode { try value("observe, soft or hard", Tenant.Mode.init(rawValue:)) }

    /// `default` and `tools`; no default stays open.
    func tariff() throws(ConfigurationError) -> Tariff {
        let keys = try mapping(["default", "tools"])
        var prices: [String: Credits] = [:]
        for (tool, price) in try keys["tools"]?.members() ?? [] { prices[tool] = try price.credits() }
        return Tariff(base: try keys["default"]?.credits(), prices: prices)
    }

    /// `limit`, `window` with its `zone`, which must be among `zones`, `mode`, and `lease`.
    func budgetTerms(_ zones: ZoneDatabase) throws(ConfigurationError) -> BudgetTerms {
        let keys = try mapping(["limit", "window", "zone", "mode", "lease"])
        guard let limit = keys["limit"] else { throw error("limit: missing") }
        return BudgetTerms(
            limit: try limit.credits(), window: try Self.window(keys["window"], in: keys["zone"], zones), mode: try keys["mode"]?.mode(),
            lease: try keys["lease"]?.flag())
    }

    private static func window(
        _ node: YAMLNode?, in zone: YAMLNode?, _ zones: ZoneDatabase
    ) throws(ConfigurationError) -> Window? {
        let period = try node?.value("none, day, week or month") { $0 == "none" ? .some(nil) : Window.Period(rawValue: $0).map { $0 } }
        guard let node, let period = period ?? nil else {
            if let zone { throw zone.error("is of no use without a window") }
            return nil
        }
        let name = try zone?.value("a time zone like Europe/Berlin") { ZoneName($0) } ?? .utc
        guard zones.knows(name) else { throw (zone ?? node).error("the zone database has no \(name)") }
        return Window(period: period, zone: name)
    }

    /// `tenant`, `token`, and `tools` by name or pattern.
    func rateLimits() throws(ConfigurationError) -> RateTerms {
        let keys = try mapping(["tenant", "token", "tools"])
        var tools: [String: Rate] = [:]
        for (tool, node) in try keys["tools"]?.members() ?? [] {
            guard !Tariff.isOfRequests(tool) else { throw node.error("only calls of tools have limits of their own") }
            tools[tool] = try node.rate()
        }
        return RateTerms(tenant: try keys["tenant"]?.rate(), token: try keys["token"]?.rate(), tools: tools)
    }

    /// `100/minute`, or `limit` with `burst`.
    private func rate() throws(ConfigurationError) -> Rate {
        let wanted = "a rate like 100/minute: 1 to \(Rate.most), of s, minute, hour or day"
        guard !isScalar else { return try value(wanted) { Rate($0) } }
        let keys = try mapping(["limit", "burst"])
        guard let limit = keys["limit"] else { throw error("limit: missing") }
        let burst = try keys["burst"]?.number(1...Rate.most)
        return try limit.value(wanted) { Rate($0, burst: burst) }
    }

    /// `async`, `durable`, or a mapping of `mode`, `replicas` and `timeout`.
    func durability() throws(ConfigurationError) -> Durability {
        let usual = Durability.durable(replicas: Durability.usualReplicas, timeout: Durability.usualTimeout)
        let modes = ["async": Durability.async, "durable": usual]
        guard !isScalar else { return try value("async or durable") { modes[$0] } }
        let keys = try mapping(["mode", "replicas", "timeout"])
        guard let mode = keys["mode"] else { throw error("mode: missing") }
        guard try mode.value("async or durable", { modes[$0] }) != .async else {
            for key in ["replicas", "timeout"] { if let node = keys[key] { throw node.error("is of no use beside mode: async") } }
            return .async
        }
        let replicas = try keys["replicas"]?.number(1...Int64(Durability.mostReplicas)) ?? Int64(Durability.usualReplicas)
        let timeout = try keys["timeout"]?.value("a duration up to \(Milliseconds(count: Durability.longestTimeout)), like 500ms") { text in
            Milliseconds(text).flatMap { $0.count <= Durability.longestTimeout ? $0.count : nil }
        }
        return .durable(replicas: Int(replicas), timeout: timeout ?? Durability.usualTimeout)
    }

    private func number(_ range: ClosedRange<Int64>) throws(ConfigurationError) -> Int64 {
        try value("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int64(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}
