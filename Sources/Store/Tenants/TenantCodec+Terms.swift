import Governance

extension TenantCodec {
    /// What the document says of an account.
    static func value(of terms: BudgetTerms) -> DocumentValue {
        var out: [String: DocumentValue] = ["limit": .number(terms.limit.description)]
        if let window = terms.window {
            out["window"] = .text(window.period.rawValue)
            if window.zone != .utc { out["zone"] = .text(window.zone.text) }
        }
        out["mode"] = terms.mode.map { .text($0.rawValue) }
        out["lease"] = terms.lease.map { .flag($0) }
        return .object(out)
    }

    /// Nil without a limit.
    static func value(of rates: RateTerms) -> DocumentValue? {
        guard !rates.isEmpty else { return nil }
        var out: [String: DocumentValue] = [:]
        out["tenant"] = rates.tenant.map { value(of: $0) }
        out["token"] = rates.token.map { value(of: $0) }
        if !rates.tools.isEmpty { out["tools"] = .object(rates.tools.entries.mapValues { value(of: $0) }) }
        return .object(out)
    }

    private static func value(of rate: Rate) -> DocumentValue {
        let limit = DocumentValue.text(rate.description)
        return rate.hasUsualBurst ? limit : .object(["limit": limit, "burst": .number(String(rate.burst))])
    }

    /// Nil for the default.
    static func value(of durability: Durability) -> DocumentValue? {
        guard case .durable(let replicas, let timeout) = durability else { return nil }
        var out: [String: DocumentValue] = [:]
        if replicas != Durability.usualReplicas { out["replicas"] = .number(String(replicas)) }
        if timeout != Durability.usualTimeout { out["timeout"] = .text("\(Milliseconds(count: timeout))") }
        return out.isEmpty ? .text("durable") : .object(out.merging(["mode": .text("durable")]) { first, _ in first })
    }
}

// MARK: Reading

extension TenantCodec {
    static func terms(_ node: DocumentNode) throws(StoreError) -> BudgetTerms {
        var fields = try node.fields()
        let terms = BudgetTerms(
            limit: try fields.need("limit").credits(), window: try window(&fields),
            mode: try fields.take("mode")?.parsed(Tenant.Mode.init(rawValue:)), lease: try fields.take("lease")?.flag())
        try fields.end()
        return terms
    }

    private static func window(_ fields: inout DocumentFields) throws(StoreError) -> Window? {
        guard let period = try fields.take("window")?.parsed(Window.Period.init(rawValue:)) else { return nil }
        return Window(period: period, zone: try fields.take("zone")?.parsed { ZoneName($0) } ?? .utc)
    }

    /// A number, or all terms.
    static func cap(_ node: DocumentNode?) throws(StoreError) -> BudgetTerms? {
        guard let node else { return nil }
        guard case .object = node.value else { return BudgetTerms(limit: try node.credits()) }
        return try terms(node)
    }

    static func rateLimits(_ node: DocumentNode?) throws(StoreError) -> RateTerms {
        guard var fields = try node?.fields() else { return RateTerms() }
        var tools: [String: Rate] = [:]
        for (tool, node) in try fields.take("tools")?.members() ?? [] { tools[tool] = try rate(node) }
        let rates = RateTerms(
            tenant: try fields.take("tenant").map(rate), token: try fields.take("token").map(rate), tools: tools)
        try fields.end()
        return rates
    }

    private static func rate(_ node: DocumentNode) throws(StoreError) -> Rate {
        guard case .object = node.value else { return try node.parsed { Rate($0) } }
        var fields = try node.fields()
        let burst = Int64(try fields.need("burst").count())
        let rate = try fields.need("limit").parsed { Rate($0, burst: burst) }
        try fields.end()
        return rate
    }

    static func durability(_ node: DocumentNode?) throws(StoreError) -> Durability {
        guard let node else { return .async }
        let usual = Durability.durable(replicas: Durability.usualReplicas, timeout: Durability.usualTimeout)
        guard case .object = node.value else { return try node.parsed { $0 == "durable" ? usual : nil } }
        var fields = try node.fields()
        _ = try fields.need("mode").parsed { $0 == "durable" ? usual : nil }
        let replicas = try fields.take("replicas")?.count(in: 1...Durability.mostReplicas) ?? Durability.usualReplicas
        let timeout = try fields.take("timeout")?.parsed { Milliseconds($0)?.count } ?? Durability.usualTimeout
        try fields.end()
        return .durable(replicas: replicas, timeout: timeout)
    }
}
