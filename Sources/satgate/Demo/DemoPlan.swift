import Governance

/// What the demo's tenant is and what its agent does.
enum DemoPlan {
    /// One call of the agent; `arguments` is a JSON object.
    struct Call {
        let tool: String
        let arguments: String
    }

    static let tenant = "demo"
    static let budget = "agents"
    static let limit: Int64 = 13

    /// Each tool once, then more than the budget pays for.
    static let calls: [Call] =
        [
            Call(tool: "ping", arguments: "{}"),
            Call(tool: "forecast", arguments: #"{"city":"Oslo"}"#),
            Call(tool: "alerts", arguments: #"{"region":"Vestland"}"#),
            Call(tool: "search", arguments: #"{"query":"sea"}"#),
            Call(tool: "lookup", arguments: #"{"isbn":"0-14-044914-3"}"#),
        ] + ["Bergen", "Kyoto", "Lima", "Accra", "Quito"].map { Call(tool: "forecast", arguments: #"{"city":"\#($0)"}"#) }

    /// Forecasts cost 2, searches 3, everything else 1.
    static func prices() throws -> Tariff {
        Tariff(base: try credits(1), prices: ["forecast": try credits(2), "search": try credits(3)])
    }

    /// A whole number of credits.
    static func credits(_ whole: Int64) throws -> Credits {
        guard let credits = Credits(whole: whole) else { throw DemoFailure(reason: "\(whole) credits are out of range") }
        return credits
    }
}
