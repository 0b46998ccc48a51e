import Governance
import Store
import Testing

@Suite("A tenant's document as text")
struct TenantCodecTests {
    @Test("reads back as the same tenant, and equal tenants have one text", arguments: 0..<8)
    func roundTrip(_ seed: UInt64) throws {
        var random = RandomTenant(seed: seed)
        for _ in 0..<100 {
            let drawn = random.next()
            let tenant = try #require(drawn)
            let text = TenantCodec.text(of: tenant)
            let read = try TenantCodec.tenant(in: text)
            #expect(read == tenant)
            #expect(TenantCodec.text(of: read) == text)
        }
    }

    @Test("leaves defaults out and sorts its keys")
    func canonical() throws {
        let upstream = UpstreamDocument(
            name: try #require(UpstreamName("light")), place: .url("http://a/mcp"),
            headers: ["b": Template(literal: "2"), "a": try #require(Template("${env:A}"))])
        let tenant = Tenant(
            name: try #require(TenantName("acme")), upstreams: [upstream],
            tariff: Tariff(base: Credits(whole: 1), prices: ["deep_*": try #require(Credits(decimal: "0.25"))]),
            budgets: [try #require(BudgetName("team")): BudgetTerms(limit: try #require(Credits(whole: 1000)))],
            defaultBudget: BudgetName("team"))
        let text = [
            #"{"budgets":{"team":{"limit":1000}},"default_budget":"team","name":"acme","#,
            #""tariff":{"tools":{"deep_*":0.25}},"upstreams":[{"headers":{"a":"${env:A}","b":"2"},"name":"light","url":"http://a/mcp"}]}"#,
        ].joined()
        #expect(TenantCodec.text(of: tenant) == text)
    }

    @Test("keeps windows, modes, rates and durability as they are written in YAML")
    func terms() throws {
        let text = [
            #"{"budgets":{"team":{"limit":1,"mode":"soft","window":"day","zone":"Europe/Berlin"}},"cap":{"limit":2,"window":"week"},"#,
            #""durability":{"mode":"durable","replicas":2},"mode":"observe","name":"acme","#,
            #""rate_limits":{"tenant":"10/s","token":{"burst":20,"limit":"100/minute"},"tools":{"deep_*":"1/day"}},"upstreams":"#,
            #"[{"name":"u","reports_cost":true,"tariff":{"default":1,"tools":{"x":2}},"trust_hints":true,"url":"a"}]}"#,
        ].joined()
        #expect(TenantCodec.text(of: try TenantCodec.tenant(in: text)) == text)
    }

    @Test(
        "what it does not know or what cannot be is an error that names its place",
        arguments: [
            ("", "tenant document: not JSON"), ("[]", "tenant document: not an object"), ("{\"name\":null}", "tenant document: not JSON"),
            ("{}", "tenant document: name: missing"),
            (#"{"name":"acme","upstreams":[],"colour":1}"#, "tenant document: colour: unknown field"),
            (#"{"name":"Acme","upstreams":[]}"#, "tenant document: name: not what it must be"),
            (#"{"name":"acme","upstreams":[],"cap":1e-7}"#, "tenant document: cap: not an amount"),
            (#"{"name":"acme","upstreams":[],"cap":"1"}"#, "tenant document: cap: not an amount"),
            (#"{"name":"acme","upstreams":[],"tariff":{"free":1}}"#, "tenant document: tariff.free: unknown field"),
            (#"{"name":"acme","upstreams":[],"mode":"lax"}"#, "tenant document: mode: not what it must be"),
            (
                #"{"name":"acme","upstreams":[],"cap":{"limit":1,"window":"day","zone":"../x"}}"#,
                "tenant document: cap.zone: not what it must be"
            ),
            (#"{"name":"acme","upstreams":[],"cap":{"limit":1,"zone":"UTC"}}"#, "tenant document: cap.zone: unknown field"),
            (#"{"name":"acme","upstreams":[],"rate_limits":{"token":"1/x"}}"#, "tenant document: rate_limits.token: not what it must be"),
            (#"{"name":"acme","upstreams":[],"durability":"sync"}"#, "tenant document: durability: not what it must be"),
            (
                #"{"name":"acme","upstreams":[],"durability":{"mode":"durable","replicas":0}}"#,
                "tenant document: durability.replicas: not from 1 to 16"
            ),
            (#"{"name":"acme","upstreams":[],"budgets":{"b":{}}}"#, "tenant document: budgets.b: limit: missing"),
            (#"{"name":"acme","upstreams":[{"name":"u","url":"a","hue":1}]}"#, "tenant document: upstreams[0].hue: unknown field"),
            (#"{"name":"acme","upstreams":[{"name":"u","url":"a","command":["x"]}]}"#, "tenant document: upstreams[0].url: unknown field"),
            (#"{"name":"acme","upstreams":[{"name":"u","command":[]}]}"#, "tenant document: upstreams[0].command: no program"),
            (
                #"{"name":"acme","upstreams":[{"name":"u","url":"a","headers":{"h":"${env"}}]}"#,
                "tenant document: upstreams[0].headers.h: not what it must be"
            ),
        ])
    func strict(_ text: String, _ reason: String) {
        #expect(throws: StoreError.corrupt(reason)) { try TenantCodec.tenant(in: text) }
    }
}
