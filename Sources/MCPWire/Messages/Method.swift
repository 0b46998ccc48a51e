/// The methods that satgate itself reads or sends.
package enum Method {
    package static let initialize = "initialize"
    package static let initialized = "notifications/initialized"
    package static let ping = "ping"
    package static let toolsList = "tools/list"
    package static let toolsCall = "tools/call"
    package static let cancelled = "notifications/cancelled"
    package static let progress = "notifications/progress"
    package static let setLevel = "logging/setLevel"
    package static let discover = "server/discover"
    package static let listen = "subscriptions/listen"
    package static let acknowledged = "notifications/subscriptions/acknowledged"
    package static let toolsListChanged = "notifications/tools/list_changed"
}
