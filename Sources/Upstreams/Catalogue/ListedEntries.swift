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
package struct ListedEntries: Sendable {
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
    /// The first upstream in the document that says it has resources.
    private let lastResort: UpstreamName?
    /// The own URIs that agents know by another.
    private let rewritten: [Target: String]

    /// `hidden`: prompts that are not listed, but can be asked for by these names.
    init(
        _ lists: [Listing: [ListedEntry]] = [:], hidden: [String: ListedEntry] = [:], leads: [Lead] = [], lastResort: UpstreamName? = nil
    ) {
        self.lists = lists
        self.leads = leads
        self.lastResort = lastResort
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

    /// Where a resource is to be read: at whoever lists it, else by the first template that it matches, else at the first upstream that has
    /// resources.
    package func resource(for uri: String) -> Target? {
        if let listed = byName[.resources]?[uri] { return listed.target }
        if let lead = leads.first(where: { $0.template.matches(uri) }) {
            return Target(upstream: lead.target.upstream, tool: String(uri.dropFirst(lead.prefix.count)))
        }
        return lastResort.map { Target(upstream: $0, tool: uri) }
    }

    /// The URI by which agents know this one of the upstream.
    package func shownURI(_ uri: String, of upstream: UpstreamName) -> String {
        rewritten[Target(upstream: upstream, tool: uri)] ?? uri
    }
}
