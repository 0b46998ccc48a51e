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
        case Method.ping: await reply.finish(Outgoing.emptyResult(id: id))
        case Method.toolsList: await ToolList(gateway: gateway, agent: agent).answer(message, id, over: reply)
        case Method.toolsCall: await CallExchange(gateway: gateway, agent: agent, reply: reply).run(message)
        default: await reply.finish(Fault.methodNotFound(method).answer(to: id, era: .legacy, toolCall: false).body)
        }
    }
}
