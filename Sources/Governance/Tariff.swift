/// The prices of a tenant's tools: exact name, then the longest `prefix*`, then `*`, then the default.
package struct Tariff: Sendable, Hashable {
    package let base: Credits
    private let exact: [String: Credits]
    /// Longest prefix first.
    private let prefixes: [Prefix]

    private struct Prefix: Sendable, Hashable {
        let text: String
        let price: Credits
    }

    /// `prices` maps a tool's name or a pattern ending in `*` to its price.
    package init(base: Credits, prices: [String: Credits] = [:]) {
        self.base = base
        exact = prices.filter { !$0.key.hasSuffix("*") }
        prefixes =
            prices.filter { $0.key.hasSuffix("*") }
            .map { Prefix(text: String($0.key.dropLast()), price: $0.value) }
            .sorted { ($0.text.utf8.count, $1.text) > ($1.text.utf8.count, $0.text) }
    }

    /// The prices as they were given, by name or pattern.
    package var prices: [String: Credits] {
        prefixes.reduce(into: exact) { prices, prefix in prices[prefix.text + "*"] = prefix.price }
    }

    /// The price of one request of this method that is no call of a tool; 0 where the prices do not name the method itself.
    package func price(ofMethod method: String) -> Credits { exact[method] ?? .zero }

    /// The price of one call of the tool the agent knows by this name.
    package func price(of tool: String) -> Credits {
        exact[tool] ?? prefixes.first { tool.hasPrefix($0.text) }?.price ?? base
    }
}
