/// The prices of a tenant's or an upstream's requests. A tool's: exact name, then the longest `prefix*`, then `*`, then the default.
/// Of `prompts/get` and `resources/read`: `method:name`, then the longest `method:prefix*`, then `method` itself.
package struct Tariff: Sendable, Hashable {
    /// The methods that have prices of their own.
    package static let methods = ["prompts/get", "resources/read"]

    /// Of tools that nothing else matches; nil where the tariff leaves it to another.
    package let base: Credits?
    private let tools: Patterns<Credits>
    private let requests: Patterns<Credits>

    /// `prices` maps a tool's name or a pattern ending in `*` to its price, likewise a method, `method:name`, `method:prefix*`.
    package init(base: Credits?, prices: [String: Credits] = [:]) {
        self.base = base
        tools = Patterns(prices.filter { !Self.isOfRequests($0.key) })
        requests = Patterns(prices.filter { Self.isOfRequests($0.key) })
    }

    /// The prices as they were given, by name or pattern.
    package var prices: [String: Credits] { tools.entries.merging(requests.entries) { first, _ in first } }

    /// The price of one call of the tool of this name; nil where the tariff does not say.
    package func price(of tool: String) -> Credits? { tools[tool] ?? base }

    /// The price of one request of this method, which is no call of a tool; nil where the tariff does not say.
    package func price(of method: String, _ name: String) -> Credits? {
        requests.isEmpty ? nil : requests["\(method):\(name)"] ?? requests[method]
    }

    /// True where the pattern is not of tools' names.
    package static func isOfRequests(_ pattern: String) -> Bool { methods.contains { pattern == $0 || pattern.hasPrefix($0 + ":") } }
}
