/// The methods that satgate itself reads or sends.
package enum Method {
    package static let initialize = "initialize"
    package static let initialized = "notifications/initialized"
    package static let ping = "ping"
    package static let toolsList = "tools/list"
    package static let toolsCall = "tools/call"
    package static let toolsListChanged = "notifications/tools/list_changed"
    package static let cancelled = "notifications/cancelled"
    package static let progress = "notifications/progress"
    package static let logMessage = "notifications/message"
    package static let setLevel = "logging/setLevel"
    package static let discover = "server/discover"
}

/// Keys of `_meta` that satgate reads or writes.
package enum MetaKey {
    /// What begins so is the gateway's own and never passes it in either direction.
    package static let ours = "io.satgate/"
    package static let cost = "io.satgate/cost"
    package static let idempotencyKey = "io.satgate/idempotencyKey"
    package static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
    package static let serverInfo = "io.modelcontextprotocol/serverInfo"
    /// Where SatGate's stdio clients put the agent's macaroon.
    package static let token = "token"
}
