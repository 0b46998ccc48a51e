import Events
import Foundation

/// What a request for events asks for.
struct FeedQuery: Hashable {
    var filter = EventFilter()
    var after: EventCursor?

    /// Reads `tenant`, `type` (both repeatable, or comma lists), `enforced` (`false`) and `after`; other names are left to `others`.
    init(_ items: [(name: String, value: String)], others: (_ name: String, _ value: String) throws(Problem) -> Void) throws(Problem) {
        for (name, value) in items {
            switch name {
            case "tenant": try take(tenants: value)
            case "type": try take(types: value)
            case "enforced":
                guard value == "false" || value.isEmpty else { throw .invalid("enforced: false, or nothing") }
                filter.onlyUnenforced = value == "false"
            case "after":
                guard let cursor = EventCursor(value) else { throw .invalid("after: no cursor") }
                after = cursor
            default: try others(name, value)
            }
        }
    }

    private mutating func take(tenants value: String) throws(Problem) {
        for name in value.split(separator: ",") {
            guard let source = EventSource(name) else { throw .invalid("tenant: neither a tenant's name nor _") }
            filter.sources = (filter.sources ?? []).union([source])
        }
    }

    private mutating func take(types value: String) throws(Problem) {
        for type in value.split(separator: ",") {
            guard EventFilter.isType(type) else { throw .invalid("type: small letters and _") }
            filter.types = (filter.types ?? []).union([String(type)])
        }
    }
}

extension FeedQuery {
    /// Of a request's target, such as `/api/v1/events?tenant=acme`.
    init(target: String) throws(Problem) {
        let query = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        let items = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: Self.decoded(parts[0]), value: Self.decoded(parts.count > 1 ? parts[1] : ""))
        }
        try self.init(items) { name, _ throws(Problem) in throw .invalid("\(name): unknown parameter") }
    }

    private static func decoded(_ text: Substring) -> String {
        text.replacing("+", with: " ").removingPercentEncoding ?? String(text)
    }
}
