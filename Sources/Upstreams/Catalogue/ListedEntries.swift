package import Governance
package import MCPWire

/// One prompt, resource or template of a tenant as agents know it.
package struct ListedEntry: Sendable, Hashable {
    /// The name, URI or template that agents use.
    package let shownName: String
    package let target: Target
    package let definition: ListedDefinition

    /// The definition as it is shown.
    package var shown: [UInt8] { definition.shown(as: shownName) }
}

/// The prompts, resources and templates of a tenant, each kind as one list, and where requests for them go.
package final class ListedEntries: Sendable {
    /// A template that leads to its upstream.
    struct Lead: Sendable {
        let template: URITemplate
        let target: Target
        /// What stands before the upstream's own URIs in those that agents use.
        let prefix: String
    }

    private let lists: [Listing: [ListedEntry]]
    private let byName: [Listing: [String: ListedEntry]]
    /// In document order.
    private let leads: [Lead]
    /// The upstreams that say they have resources, in document order.
    private let providers: [UpstreamName]
    /// The own URIs that agents know by another.
    private let rewritten: [Target: String]

    /// `hidden`: prompts that are not listed, but can be asked for by these names.
    init(
        _ lists: [Listing: [ListedEntry]] = [:], hidden: [String: ListedEntry] = [:], leads: [Lead] = [], providers: [UpstreamName] = []
    ) {
        self.lists = lists
        self.leads = leads
        self.providers = providers
        var byName = lists.mapValues { entries in Dictionary(entries.map { ($0.shownName, $0) }) { first, _ in first } }
        byName[.prompts, default: [:]].merge(hidden) { shown, _ in shown }
        self.byName = byName
        let moved = (lists[.resources] ?? []).filter { $0.shownName != $0.target.tool }
        rewritten = Dictionary(moved.map { ($0.target, $0.shownName) }) { first, _ in first }
    }

    /// The list, in the order of the bytes of the shown names.
    package subscript(listing: Listing) -> [ListedEntry] { lists[listing] ?? [] }

    /// The prompt an agent means by this name: a listed one, or any by its prefixed form `upstream__prompt`.
    package func prompt(for name: String) -> ListedEntry? { byName[.prompts]?[name] }

    /// The template that agents know so.
    package func template(for name: String) -> Target? { byName[.templates]?[name]?.target }

    /// Where a resource is to be read as far as the lists can tell: at whoever lists it, else by the first template that it matches, else at
    /// the upstream whose name stands in front of it, else at the first that has resources.
    package func resource(for uri: String) -> Target? {
        if let listed = byName[.resources]?[uri] { return listed.target }
        if let lead = leads.first(where: { $0.template.matches(uri) }) {
            return Target(upstream: lead.target.upstream, tool: String(uri.dropFirst(lead.prefix.count)))
        }
        if let named = providers.first(where: { uri.hasPrefix("\($0.text)+") }) {
            return Target(upstream: named, tool: Self.bare(uri, of: named))
        }
        return providers.first.map { Target(upstream: $0, tool: uri) }
    }

    /// More than one upstream has resources, so that a URI alone may not tell whose it is.
    package var hasRivals: Bool { providers.count > 1 }

    /// The upstream says that it has resources.
    package func mayHave(_ upstream: UpstreamName) -> Bool { providers.contains(upstream) }

    /// Some upstream's resource is listed under this URI.
    package func lists(_ uri: String) -> Bool { byName[.resources]?[uri] != nil }

    /// The URI under which this one of the upstream is listed; nil where the upstream does not list it.
    package func listedURI(_ uri: String, of upstream: UpstreamName) -> String? {
        if let moved = rewritten[Target(upstream: upstream, tool: uri)] { return moved }
        return byName[.resources]?[uri]?.target.upstream == upstream ? uri : nil
    }

    /// How agents know a URI of the upstream that by itself is another's.
    package static func prefixed(_ uri: String, by upstream: UpstreamName) -> String { "\(upstream.text)+\(uri)" }

    /// The upstream's own URI of one that has its name in front.
    package static func bare(_ uri: String, of upstream: UpstreamName) -> String { String(uri.dropFirst(upstream.text.count + 1)) }

    /// The URI by which agents know this one of the upstream.
    package func shownURI(_ uri: String, of upstream: UpstreamName) -> String {
        rewritten[Target(upstream: upstream, tool: uri)] ?? uri
    }
}
