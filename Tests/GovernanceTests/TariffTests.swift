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

    @Test("has a price for another method only where it names it")
    func methods() throws {
        let tariff = Tariff(
            base: try credits(1), prices: ["prompts/get": try credits(2), "resources/*": try credits(5), "*": try credits(3)])
        #expect(tariff.price(ofMethod: "prompts/get") == Credits(whole: 2) && tariff.price(ofMethod: "resources/read") == .zero)
    }

    private func credits(_ whole: Int64) throws -> Credits { try #require(Credits(whole: whole)) }
}
