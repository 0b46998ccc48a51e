/// What a server says that it has, as far as satgate passes it through.
package struct ServerCapabilities: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let tools = ServerCapabilities(rawValue: 1)
    /// It tells when its tools change.
    package static let toolsListChanged = ServerCapabilities(rawValue: 2)
    package static let prompts = ServerCapabilities(rawValue: 4)
    /// It tells when its prompts change.
    package static let promptsListChanged = ServerCapabilities(rawValue: 8)
    package static let resources = ServerCapabilities(rawValue: 16)
    /// It tells when its resources change.
    package static let resourcesListChanged = ServerCapabilities(rawValue: 32)
    package static let completions = ServerCapabilities(rawValue: 64)
    package static let logging = ServerCapabilities(rawValue: 128)
    /// It tells those who subscribe to a resource when that changes.
    package static let subscriptions = ServerCapabilities(rawValue: 256)

    /// The changes of any list.
    package static let announcements: ServerCapabilities = [.toolsListChanged, .promptsListChanged, .resourcesListChanged]
}

/// How an upstream tells that one of its lists has changed.
struct Announcement {
    let kind: ListKinds
    let list: ServerCapabilities
    /// The capability that says it is told.
    let capability: ServerCapabilities
    /// What it is called in a subscription.
    let filter: String
    /// The notification.
    let method: String

    static let all = [
        Announcement(
            kind: .tools, list: .tools, capability: .toolsListChanged, filter: "toolsListChanged", method: Method.toolsListChanged),
        Announcement(
            kind: .prompts, list: .prompts, capability: .promptsListChanged, filter: "promptsListChanged",
            method: Method.promptsListChanged),
        Announcement(
            kind: .resources, list: .resources, capability: .resourcesListChanged, filter: "resourcesListChanged",
            method: Method.resourcesListChanged),
    ]
}

extension JSONDocument {
    /// What `result.capabilities` says.
    var serverCapabilities: ServerCapabilities {
        guard let capabilities = value("capabilities", in: .result).flatMap({ object($0) }) else { return [] }
        var found: ServerCapabilities = []
        func look(_ key: String, _ offered: ServerCapabilities, _ announced: ServerCapabilities) {
            guard let range = capabilities.value(key, in: .other), !capabilities.isNull(range) else { return }
            found.insert(offered)
            if capabilities.object(range)?.isTrue("listChanged", in: .other) == true { found.insert(announced) }
        }
        look("tools", .tools, .toolsListChanged)
        look("prompts", .prompts, .promptsListChanged)
        look("resources", .resources, .resourcesListChanged)
        look("completions", .completions, [])
        look("logging", .logging, [])
        if let resources = capabilities.value("resources", in: .other).flatMap({ capabilities.object($0) }),
            resources.isTrue("subscribe", in: .other)
        {
            found.insert(.subscriptions)
        }
        return found
    }
}
