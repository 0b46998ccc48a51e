import Governance
import MCPWire

/// One request of an agent inside its session, whatever carried it.
struct RequestExchange {
    let gateway: Gateway
    let agent: Agent
    let reply: any MessageReply

    /// Answers the request.
    func answer(_ message: Message) async {
        guard let id = message.id, let method = message.method else { return }
        switch method {
        case "ping": await reply.finish(Outgoing.emptyResult(id: id))
        case "tools/list": await ToolList(gateway: gateway, agent: agent).answer(message, id, over: reply)
        case "tools/call": await CallExchange(gateway: gateway, agent: agent, reply: reply).run(message)
        default: await reply.finish(Fault.methodNotFound(method).answer(to: id, era: .legacy, toolCall: false).body)
        }
    }
}
