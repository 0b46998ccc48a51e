package import HTTPWire
import MCPWire

/// One HTTP request of an agent, whole. Shared by all stages of its exchange.
package final class Inbound: Sendable {
    package let head: RequestHead
    package let body: [UInt8]
    let fields: HeaderFields

    package init(head: RequestHead, body: [UInt8]) {
        self.head = head
        self.body = body
        fields = HeaderFields(head)
    }

    /// What is served at a path.
    enum Endpoint { case mcp, sse, message, resourceMetadata, nothing }

    /// What the path names, whatever the query.
    var endpoint: Endpoint {
        if head.isPath("/mcp") { return .mcp }
        if head.isPath("/sse") { return .sse }
        if head.isPath("/message") { return .message }
        return head.target.hasPrefix(ProtectedResource.place) ? .resourceMetadata : .nothing
    }

    /// True where the header names a revision that is none with a handshake.
    var isStateless: Bool {
        guard let revision = fields.revisionBytes else { return false }
        return Dialect.named(utf8: revision) == nil
    }

    /// The value of a query item, percent-encoding left as it is; nil when absent or given twice.
    func query(_ name: String) -> Substring? {
        guard let mark = head.target.firstIndex(of: "?") else { return nil }
        let items = head.target[head.target.index(after: mark)...].split(separator: "&").filter { $0.hasPrefix("\(name)=") }
        guard items.count == 1 else { return nil }
        return items[0].dropFirst(name.utf8.count + 1)
    }

    /// The value of a query item as a text; nil where an escape in it is none. A `+` is one.
    func queryText(_ name: String) -> String? {
        guard let raw = query(name) else { return nil }
        var out: [UInt8] = []
        var rest = raw.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(rest.prefix(2).map { String(UnicodeScalar($0)) }.joined(), radix: 16) else {
                return nil
            }
            out.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: out, as: UTF8.self)
    }

    /// True when `Accept` covers both a JSON body and a stream of events, one of which a POST is answered with.
    var acceptsEither: Bool {
        fields.acceptsAsUsual || accepts("application", "json") && accepts("text", "event-stream")
    }

    /// True when one of the media types in `Accept` covers `type/subtype`.
    func accepts(_ type: String, _ subtype: String) -> Bool {
        (fields.accept ?? "").split(separator: ",").contains { range in
            let media = Self.media(range)
            return media == "\(type)/\(subtype)" || media == "*/*" || media == "\(type)/*"
        }
    }

    /// Refuses a body that is not declared as JSON, or is packed: to unpack it could cost a thousand times what it cost to send.
    func requireJSON() throws(Rejection) {
        guard isJSON else { throw .unsupportedMediaType }
        guard !fields.isPacked else { throw .unsupportedCoding }
    }

    /// True when the body is declared as JSON.
    private var isJSON: Bool {
        if fields.isPlainJSON { return true }
        return fields.contentType.map { Self.media($0[...]) == "application/json" } ?? false
    }

    /// The media type without its parameters.
    private static func media(_ text: Substring) -> String { text.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
}
