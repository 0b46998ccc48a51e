import Governance
import Testing
import TimeZones

@testable import satgate

@Suite struct TenantTermsTests {
    /// The tenant `acme` whose members stand from line 3 on.
    private func tenant(_ members: String) throws -> Tenant {
        let lines = members.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
        let node = try YAMLNode.parse("tenants:\n- name: acme\n\(lines)\n  upstreams: []", file: "t.yaml")
        return try #require(try TenantsFile.tenants(in: node, zones: ZoneDatabase()).first)
    }

    private func credits(_ whole: Int64) throws -> Credits { try #require(Credits(whole: whole)) }

    @Test("a budget has a limit, and where stated a window in a zone and a mode; so has the cap")
    func budgets() throws {
        let tenant = try tenant(
            """
            mode: observe
            budgets:
              team: {limit: 1000, window: day, zone: Europe/Berlin, mode: soft}
              crew: {limit: 5, window: week}
              rest: {limit: 7, window: none, mode: hard, lease: true}
            cap: {limit: 100, window: month, zone: Asia/Kathmandu}
            """)
        let (berlin, kathmandu) = (try #require(ZoneName("Europe/Berlin")), try #require(ZoneName("Asia/Kathmandu")))
        #expect(
            tenant.budgets == [
                try #require(BudgetName("team")): BudgetTerms(
                    limit: try credits(1000), window: Window(period: .day, zone: berlin), mode: .soft),
                try #require(BudgetName("crew")): BudgetTerms(limit: try credits(5), window: Window(period: .week, zone: .utc)),
                try #require(BudgetName("rest")): BudgetTerms(limit: try credits(7), mode: .hard, lease: true),
            ])
        #expect(tenant.cap == BudgetTerms(limit: try credits(100), window: Window(period: .month, zone: kathmandu)))
        #expect(tenant.mode == .observe)
        #expect(try self.tenant("cap: 9").cap == BudgetTerms(limit: try credits(9)))
        #expect(try self.tenant("cap: {limit: 9}").cap == BudgetTerms(limit: try credits(9)))
        #expect(try self.tenant("cap: 9").mode == .hard)
    }

    @Test("rates are of the tenant, of each token, and of tools by name or pattern")
    func rates() throws {
        let tenant = try tenant(
            "rate_limits:\n  tenant: 1000/s\n  token: {limit: 100/minute, burst: 20}\n  tools: {\"deep_*\": 10/minute, \"*\": 3/day}")
        #expect(
            tenant.rateLimits
                == RateTerms(
                    tenant: Rate("1000/s"), token: Rate("100/minute", burst: 20),
                    tools: ["deep_*": try #require(Rate("10/minute")), "*": try #require(Rate("3/day"))]))
        #expect(try self.tenant("naming: never").rateLimits.isEmpty)
    }

    @Test(
        "the books are written async or durable",
        arguments: [
            ("async", .async), ("durable", .durable(replicas: 1, timeout: 1_000)), ("{mode: async}", .async),
            ("{mode: durable, replicas: 2}", .durable(replicas: 2, timeout: 1_000)),
            ("{mode: durable, timeout: 300ms}", .durable(replicas: 1, timeout: 300)),
        ] as [(String, Durability)])
    func durability(text: String, expected: Durability) throws { #expect(try tenant("durability: \(text)").durability == expected) }

    @Test("an upstream has prices of its own, may report what a call cost, and be trusted")
    func upstream() throws {
        let text = """
            tenants:
            - name: acme
              upstreams:
              - {name: a, url: "http://a", tariff: {default: 2, tools: {x: 3}}, reports_cost: true, trust_hints: true}
              - {name: b, url: "http://b", tariff: {}}
            """
        let upstreams = try #require(try TenantsFile.tenants(in: YAMLNode.parse(text, file: "t.yaml"), zones: ZoneDatabase()).first)
            .upstreams
        #expect(upstreams[0].tariff == Tariff(base: try credits(2), prices: ["x": try credits(3)]))
        #expect(upstreams[0].reportsCost && upstreams[0].trustsHints)
        #expect(upstreams[1].tariff == nil && !upstreams[1].reportsCost && !upstreams[1].trustsHints)
    }

    @Test(
        "a bad term is refused with its line",
        arguments: [
            ("mode: lax", "3: tenants[0].mode: must be observe, soft or hard"),
            ("budgets:\n  team: {}", "4: tenants[0].budgets.team: limit: missing"),
            ("budgets:\n  team: 5", "4: tenants[0].budgets.team: must be a mapping"),
            (
                "budgets:\n  team: {limit: 1, hue: 2}",
                "4: tenants[0].budgets.team.hue: unknown key; known are lease, limit, mode, window, zone"
            ),
            (
                "budgets:\n  team:\n    limit: 1\n    window: year",
                "6: tenants[0].budgets.team.window: must be none, day, week or month"
            ),
            ("budgets:\n  team: {limit: 1, zone: UTC}", "4: tenants[0].budgets.team.zone: is of no use without a window"),
            ("cap: {limit: 1, window: none, zone: UTC}", "3: tenants[0].cap.zone: is of no use without a window"),
            ("cap: {limit: 1, window: day, zone: /etc/passwd}", "3: tenants[0].cap.zone: must be a time zone like Europe/Berlin"),
            ("cap: {limit: 1, window: day, zone: ../x}", "3: tenants[0].cap.zone: must be a time zone like Europe/Berlin"),
            ("cap: {limit: 1, window: day, zone: Europe/Atlantis}", "3: tenants[0].cap.zone: the zone database has no Europe/Atlantis"),
            ("cap: {limit: 1, mode: no}", "3: tenants[0].cap.mode: must be observe, soft or hard"),
            ("cap: [1]", "3: tenants[0].cap: must be a mapping"),
            (
                "rate_limits:\n  token: 100/m",
                "4: tenants[0].rate_limits.token: must be a rate like 100/minute: 1 to 1000000, of s, minute, hour or day"
            ),
            ("rate_limits:\n  token: {burst: 3}", "4: tenants[0].rate_limits.token: limit: missing"),
            (
                "rate_limits:\n  token: {limit: 1/s, burst: 0}",
                "4: tenants[0].rate_limits.token.burst: must be a whole number from 1 to 1000000"
            ),
            (
                "rate_limits:\n  tools: {prompts/get: 1/s}",
                "4: tenants[0].rate_limits.tools.prompts/get: only calls of tools have limits of their own"
            ),
            ("rate_limits: {agent: 1/s}", "3: tenants[0].rate_limits.agent: unknown key; known are tenant, token, tools"),
            ("durability: sync", "3: tenants[0].durability: must be async or durable"),
            ("durability: {replicas: 1}", "3: tenants[0].durability: mode: missing"),
            ("durability: {mode: async, replicas: 1}", "3: tenants[0].durability.replicas: is of no use beside mode: async"),
            ("durability: {mode: durable, replicas: 0}", "3: tenants[0].durability.replicas: must be a whole number from 1 to 16"),
            ("durability: {mode: durable, timeout: 1m}", "3: tenants[0].durability.timeout: must be a duration up to 30s, like 500ms"),
            ("tariff: {tools: {a: -1}}", "3: tenants[0].tariff.tools.a: must be credits: a number with at most six decimals"),
        ])
    func refuses(members: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) { try tenant(members) }
        #expect(error?.description == "t.yaml:\(message)")
    }
}
