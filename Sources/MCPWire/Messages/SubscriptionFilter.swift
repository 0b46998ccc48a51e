/// What an agent wants to be told of on one stream of `subscriptions/listen`.
package struct SubscriptionFilter: Sendable, Hashable {
    /// Lists whose changes are told.
    package var lists: ListKinds
    /// The URIs of resources whose changes are told, each once.
    package var resources: [String]

    /// The most resources of one subscription, and the most bytes of a URI.
    private static let mostResources = 1000
    private static let longestURI = 8192

    package init(lists: ListKinds, resources: [String] = []) {
        self.lists = lists
        self.resources = resources
    }

    /// Reads `params.notifications`; members that mean nothing here are passed over.
    package init(_ request: Message) throws(Fault) {
        let document = request.document
        guard let range = document.value("notifications", in: .params), let wanted = document.object(range) else {
            throw .invalidParams("params.notifications must be an object")
        }
        var lists: ListKinds = []
        for each in Announcement.all {
            if try wanted.flag(each.filter) { lists.insert(each.kind) }
        }
        self.init(lists: lists, resources: try Self.resources(of: wanted))
    }

    private static func resources(of wanted: JSONDocument) throws(Fault) -> [String] {
        guard let range = wanted.value("resourceSubscriptions", in: .other) else { return [] }
        guard let elements = JSONScanner.elements(of: wanted.bytes, in: range), elements.count <= mostResources else {
            throw .invalidParams("notifications.resourceSubscriptions must be an array of at most \(mostResources) URIs")
        }
        var uris: [String] = []
        var seen: Set<String> = []
        for element in elements {
            guard element.count <= longestURI, let uri = wanted.text(element), !uri.isEmpty else {
                throw .invalidParams("notifications.resourceSubscriptions must hold URIs")
            }
            if seen.insert(uri).inserted { uris.append(uri) }
        }
        return uris
    }

    /// Appends the filter as JSON; what is not told is left out.
    func append(to out: inout [UInt8]) {
        var members = Announcement.all.filter { lists.contains($0.kind) }.map { JSONText.string($0.filter) + Array(":true".utf8) }
        if !resources.isEmpty {
            members.append(
                Array(#""resourceSubscriptions":["#.utf8) + resources.map(JSONText.string).joined(separator: [comma]) + Array("]".utf8))
        }
        JSONText.append(raw: "{", to: &out)
        out += members.joined(separator: [comma])
        JSONText.append(raw: "}", to: &out)
    }

    private var comma: UInt8 { UInt8(ascii: ",") }
}

extension JSONDocument {
    /// A boolean member; false where it is absent.
    fileprivate func flag(_ key: String) throws(Fault) -> Bool {
        guard let range = value(key, in: .other) else { return false }
        switch bytes[range.lowerBound] {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: throw .invalidParams("notifications.\(key) must be true or false")
        }
    }
}
