import Governance
import MCPWire
import Upstreams

/// The answer to `tools/list`: the tenant's catalogue as this token may use it, the built-in ping first, 1,000 a page.
struct ToolList {
    let gateway: Gateway
    let agent: Agent
    private let pageSize = 1000
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
        var start = 0
        if message.paramToken("cursor") != nil {
            guard let last = message.paramText("cursor").flatMap({ cursor.name(in: $0) }) else {
                let (status, body) = Fault.invalidParams("Invalid cursor").answer(to: id, era: agent.era, toolCall: false)
                return await reply.finish(body, status: status)
            }
            start = allowed.firstIndex { $0.shownName > last } ?? allowed.count
        }
        let page = allowed[start...].prefix(pageSize)
        var tools = page.map { $0.definition.shown(as: $0.shownName, cost: "\(agent.tenant.tariff.price(of: $0.shownName))") }
        if start == 0 { tools.insert(BuiltIn.ping.shown(as: BuiltIn.ping.name, cost: "0"), at: 0) }
        let next = start + page.count < allowed.count ? page.last.flatMap { cursor.text(after: $0.shownName) } : nil
        let responder = agent.era == .modern ? gateway.responder : nil
        let freshness = catalogue.missing.isEmpty ? Self.freshness : 0
        await reply.finish(Outgoing.toolsListResult(id: id, tools: tools, nextCursor: next, by: responder, freshFor: freshness))
    }

    private var cursor: ListCursor { ListCursor(root: gateway.authenticator.root(of: agent.tenant.name), kind: "tools") }
}
