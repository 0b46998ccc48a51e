/// A list of a server beside that of its tools.
package enum Listing: Sendable, Hashable, CaseIterable {
    case prompts, resources, templates

    /// The method that asks for a page of it.
    package var method: String {
        switch self {
        case .prompts: Method.promptsList
        case .resources: Method.resourcesList
        case .templates: Method.templatesList
        }
    }

    /// The capability of servers that have it.
    package var capability: ServerCapabilities { self == .prompts ? .prompts : .resources }

    /// The kind by which changes of it are told.
    package var kind: ListKinds { self == .prompts ? .prompts : .resources }

    /// Where the definitions stand in a result.
    var member: StaticString {
        switch self {
        case .prompts: "prompts"
        case .resources: "resources"
        case .templates: "resourceTemplates"
        }
    }

    /// The member of a definition that names what it defines.
    var key: String {
        switch self {
        case .prompts: "name"
        case .resources: "uri"
        case .templates: "uriTemplate"
        }
    }
}

/// One page of an upstream's list.
package struct ListPage: Sendable {
    /// The definitions that could be read, in the upstream's order.
    package let items: [ListedDefinition]
    /// Where the next page begins; nil on the last.
    package let nextCursor: String?

    /// Reads a result with an array of definitions; one that is unreadable hides no other.
    package init(_ answer: Answer, of listing: Listing) throws(WireError) {
        let document = answer.message.document
        guard case .result = answer.kind, let range = document.value("\(listing.member)", in: .result),
            let elements = JSONScanner.elements(of: document.bytes, in: range)
        else { throw .invalidRequest(answer.id) }
        items = elements.compactMap { try? ListedDefinition(document.raw($0), in: listing) }
        nextCursor = document.text("nextCursor", in: .result)
    }
}
