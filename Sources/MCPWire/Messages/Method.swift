/// The methods that satgate itself reads or sends.
package enum Method {
    /// What agents may ask for, the gateway's own included.
    package static let ofAgents: Set<String> = [
        initialize, ping, toolsList, toolsCall, promptsList, promptsGet, resourcesList, templatesList, resourcesRead, subscribe,
        unsubscribe,
        complete, setLevel, delegate, budget, discover, listen,
    ]

    /// The method as metrics, logs and traces may name it: any other is what somebody made up.
    package static func known(_ method: String?) -> String { method.map { ofAgents.contains($0) } == true ? method ?? "" : "_OTHER" }

    package static let initialize = "initialize"
    package static let initialized = "notifications/initialized"
    package static let ping = "ping"
    package static let toolsList = "tools/list"
    package static let toolsCall = "tools/call"
    package static let promptsList = "prompts/list"
    package static let promptsGet = "prompts/get"
    package static let resourcesList = "resources/list"
    package static let templatesList = "resources/templates/list"
    package static let resourcesRead = "resources/read"
    package static let subscribe = "resources/subscribe"
    package static let unsubscribe = "resources/unsubscribe"
    package static let complete = "completion/complete"
    package static let cancelled = "notifications/cancelled"
    package static let progress = "notifications/progress"
    package static let setLevel = "logging/setLevel"
    /// Ours: a new token with a part of this one's budget.
    package static let delegate = "satgate/delegate"
    /// Ours: what is left of this token's budget.
    package static let budget = "satgate/budget"
    package static let discover = "server/discover"
    package static let createMessage = "sampling/createMessage"
    package static let rootsListChanged = "notifications/roots/list_changed"
    package static let rootsList = "roots/list"
    package static let elicit = "elicitation/create"
    package static let elicited = "notifications/elicitation/complete"
    package static let logMessage = "notifications/message"
    package static let listen = "subscriptions/listen"
    package static let acknowledged = "notifications/subscriptions/acknowledged"
    package static let toolsListChanged = "notifications/tools/list_changed"
    package static let promptsListChanged = "notifications/prompts/list_changed"
    package static let resourcesListChanged = "notifications/resources/list_changed"
    package static let resourceUpdated = "notifications/resources/updated"
}
