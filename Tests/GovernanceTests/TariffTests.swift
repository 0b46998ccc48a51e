import Governance
import Testing

@Suite("A tariff")
struct TariffTests {
    @Test(
        "takes the exact name, then the longest prefix, then the star, then the default",
        arguments: [("deep_search", 9), ("deep_other", 5), ("deeper", 4), ("search", 2)])
    func order(tool: String, price: Int64) throws {
        let tariff = Tariff(
            base: try credits(1),
            prices: ["deep_search": try credits(9), "deep_*": try credits(5), "deep*": try credits(4), "*": try credits(2)])
        #expect(tariff.price(of: tool) == Credits(whole: price))
    }

    @Test("falls back to the default")
    func base() throws { #expect(Tariff(base: try credits(3)).price(of: "x") == Credits(whole: 3)) }

    @Test(
        "has a price for another request only where it names its method, best with what it asks for",
        arguments: [
            ("prompts/get", "hello", 2), ("prompts/get", "deep", 9), ("prompts/get", "deeper", 5), ("resources/read", "file:///a", 7),
            ("resources/read", "http://b", nil),
        ])
    func methods(method: String, name: String, price: Int64?) throws {
        let tariff = Tariff(
            base: try credits(1),
            prices: [
                "prompts/get": try credits(2), "prompts/get:deep": try credits(9), "prompts/get:deep*": try credits(5),
                "resources/*": try credits(5), "resources/read:file:*": try credits(7), "*": try credits(3),
            ])
        #expect(tariff.price(of: method, name) == price.flatMap { Credits(whole: $0) })
        #expect(tariff.price(of: "prompts/gets") == Credits(whole: 3))
    }

    @Test(
        "of an upstream goes before the tenant's, by the upstream's own name",
        arguments: [("a", "search", "search", 9), ("a", "other", "a__other", 4), ("b", "search", "b__search", 6), ("c", "x", "x", 1)])
    func ofUpstream(upstream: String, own: String, shown: String, price: Int64) throws {
        #expect(try tenant().price(ofTool: own, at: try name(upstream), shown: shown) == Credits(whole: price))
    }

    @Test("of an upstream that names no request of this kind leaves it to the tenant's")
    func ofUpstreamRequests() throws {
        let tenant = try tenant()
        #expect(tenant.price(of: "prompts/get", "p", at: try name("a"), shown: "p") == Credits(whole: 8))
        #expect(tenant.price(of: "prompts/get", "p", at: try name("b"), shown: "p") == Credits(whole: 3))
        #expect(tenant.price(of: "resources/read", "p", at: try name("a"), shown: "p") == .zero)
    }

    private func tenant() throws -> Tenant {
        let own = Tariff(base: try credits(4), prices: ["search": try credits(9), "prompts/get:p": try credits(8)])
        let half = Tariff(base: nil, prices: ["other": try credits(7)])
        return Tenant(
            name: try #require(TenantName("acme")),
            upstreams: [
                UpstreamDocument(name: try name("a"), place: .url("http://a"), tariff: own),
                UpstreamDocument(name: try name("b"), place: .url("http://b"), tariff: half),
            ], tariff: Tariff(base: nil, prices: ["b__*": try credits(6), "prompts/get": try credits(3)]))
    }

    private func name(_ text: String) throws -> UpstreamName { try #require(UpstreamName(text)) }
    private func credits(_ whole: Int64) throws -> Credits { try #require(Credits(whole: whole)) }
}
