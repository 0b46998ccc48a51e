import Governance
import MCPWire
import Upstreams

/// The answer to `tools/list`: the tenant's catalogue as this token may use it, the built-in ping first, 1,000 a page.
struct ToolList {
    let gateway: Gateway
    let agent: Agent
    /// Milliseconds that a list is good for while no upstream is missing.
    static let freshness = 60_000

    init(gateway: Gateway, agent: Agent) {
        self.gateway = gateway
        self.agent = agent
    }

    /// Answers with the page that the request's cursor asks for.
    func answer(_ message: Message, _ id: RequestID, over reply: any MessageReply) async {
        let catalogue = await gateway.catalogues.catalogue(of: agent.tenant)
        let allowed = catalogue.entries.filter { entry in
            agent.grant.scope.allows(
                name: entry.shownName, bare: entry.target.tool, upstream: entry.target.upstream, among: catalogue.upstreamNames)
        }
        guard let page = CataloguePage(of: allowed, asked: message, cursor, name: \.shownName) else {
            return await reply.refuseCursor(of: id, agent.era)
        }
        var tools = page.entries.map { entry in
            let target = entry.target
            let price = agent.tenant.price(ofTool: target.tool, at: target.upstream, shown: entry.shownName)
            return entry.definition.shown(as: entry.shownName, cost: "\(price)")
        }
        if page.isFirst { tools.insert(BuiltIn.ping.shown(as: BuiltIn.ping.name, cost: "0"), at: 0) }
        let responder = agent.era == .modern ? gateway.responder : nil
        let freshness = catalogue.missing.isEmpty ? Self.freshness : 0
        await reply.finish(
            Outgoing.toolsListResult(id: id, tools: tools, nextCursor: page.nextCursor, by: responder, freshFor: freshness))
    }

    private var cursor: ListCursor { ListCursor(root: gateway.authenticator.root(of: agent.tenant.name), kind: "tools") }
}
