import Governance
import MCPWire
import Upstreams

/// The answer to `prompts/list`, `resources/list` or `resources/templates/list`: what of it this token may use, 1,000 a page.
struct CatalogueList {
    let gateway: Gateway
    let agent: Agent
    let listing: Listing

    init(_ listing: Listing, gateway: Gateway, agent: Agent) {
        self.listing = listing
        self.gateway = gateway
        self.agent = agent
    }

    /// Answers with the page that the request's cursor asks for.
    func answer(_ message: Message, _ id: RequestID, over reply: any MessageReply) async {
        let catalogue = await gateway.catalogues.catalogue(of: agent.tenant)
        let allowed = catalogue.others[listing].filter { allows($0, among: catalogue.upstreamNames) }
        guard let page = CataloguePage(of: allowed, asked: message, cursor, name: \.shownName) else {
            return await reply.refuseCursor(of: id, agent.era)
        }
        let responder = agent.era == .modern ? gateway.responder : nil
        let freshness = catalogue.missing.isEmpty ? ToolList.freshness : 0
        await reply.finish(
            Outgoing.listResult(
                listing, id: id, items: page.entries.map(\.shown), nextCursor: page.nextCursor, by: responder, freshFor: freshness))
    }

    private func allows(_ entry: ListedEntry, among upstreams: Set<String>) -> Bool {
        let scope = agent.grant.scope
        guard listing == .prompts else { return scope.allowsAll(of: entry.target.upstream) }
        return scope.allows(name: entry.shownName, bare: entry.target.tool, upstream: entry.target.upstream, among: upstreams)
    }

    private var cursor: ListCursor { ListCursor(root: gateway.authenticator.root(of: agent.tenant.name), kind: listing.cursorKind) }
}

extension Listing {
    /// Lists have cursors of their own: none passes for another's.
    fileprivate var cursorKind: String {
        switch self {
        case .prompts: "prompts"
        case .resources: "resources"
        case .templates: "templates"
        }
    }

    /// The list that the method asks for.
    init?(method: String) {
        guard let listing = Listing.allCases.first(where: { $0.method == method }) else { return nil }
        self = listing
    }
}
