import NIOCore
package import NIOHTTP1

/// One HTTP request of an agent, whole.
package struct Inbound: Sendable {
    package let head: HTTPRequestHead
    package let body: [UInt8]

    package init(head: HTTPRequestHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// The path without its query.
    var path: Substring { head.uri.prefix { $0 != "?" } }

    /// The value of a query item, percent-encoding left as it is; nil when absent or given twice.
    func query(_ name: String) -> Substring? {
        guard let mark = head.uri.firstIndex(of: "?") else { return nil }
        let items = head.uri[head.uri.index(after: mark)...].split(separator: "&").filter { $0.hasPrefix("\(name)=") }
        guard items.count == 1 else { return nil }
        return items[0].dropFirst(name.utf8.count + 1)
    }

    /// The header's value; nil when absent. `isRepeated` tells a doubled one.
    func header(_ name: String) -> String? { head.headers.first(name: name) }

    /// True when the header stands more than once, which for those that decide something is refused.
    func isRepeated(_ name: String) -> Bool { head.headers[name].count > 1 }

    /// True when one of the media types in `Accept` covers `type/subtype`.
    func accepts(_ type: String, _ subtype: String) -> Bool {
        head.headers[canonicalForm: "accept"].contains { range in
            let media = range.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
            return media == "\(type)/\(subtype)" || media == "*/*" || media == "\(type)/*"
        }
    }

    /// True when the body is declared as JSON.
    var isJSON: Bool {
        guard let type = header("content-type") else { return false }
        return type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() == "application/json"
    }
}
