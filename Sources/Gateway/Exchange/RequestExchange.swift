import Governance
import MCPWire
import Upstreams

/// One request of an agent inside its session, whatever carried it. Belongs to the task that serves it.
final class RequestExchange {
    let gateway: Gateway
    let agent: Agent
    let reply: any MessageReply
    /// What the header `Idempotency-Key` says, where the request has headers of its own.
    let headerKey: [UInt8]?
    /// Of the HTTP request that brought this one alone.
    let observation: Observation?
    /// Cancels the task that answers; may be called on any thread.
    let stop: @Sendable () -> Void

    init(
        gateway: Gateway, agent: Agent, reply: any MessageReply, headerKey: [UInt8]? = nil, observation: Observation? = nil,
        stop: @escaping @Sendable () -> Void
    ) {
        self.gateway = gateway
        self.agent = agent
        self.reply = reply
        self.headerKey = headerKey
        self.observation = observation
        self.stop = stop
    }

    /// Answers the request, unless the agent cancels it.
    func answer(_ message: Message) async {
        guard let id = message.id, let method = message.method else { return }
        guard gateway.requests.begin(id, in: agent.session.id, endsWithSession: agent.session.transport == .sse, stop: stop) else {
            return await refuse(.invalidRequest("a request of the same id is not answered yet"), id)
        }
        let observation = observation ?? gateway.observation()
        observation.trace?.identify(message, of: agent)
        await answer(message, id, method, observation)
        observation.trace?.end()
        gateway.noteServed(message, of: agent, observation)
        gateway.requests.end(id, in: agent.session.id)
    }

    private func answer(_ message: Message, _ id: RequestID, _ method: String, _ observation: Observation) async {
        if ForwardedRequest.hasMethod(method) {
            let call = CallExchange(gateway: gateway, agent: agent, reply: reply, headerKey: headerKey, observation: observation)
            return await call.run(message)
        }
        await answerHere(message, id, method)
    }

    @inline(never)  // keeps what the node answers by itself out of the frame of a call
    private func answerHere(_ message: Message, _ id: RequestID, _ method: String) async {
        if let listing = Listing(method: method) {
            return await CatalogueList(listing, gateway: gateway, agent: agent).answer(message, id, over: reply)
        }
        switch method {
        case Method.ping: await reply.finish(Outgoing.emptyResult(id: id))
        case Method.toolsList: await ToolList(gateway: gateway, agent: agent).answer(message, id, over: reply)
        case Method.setLevel: await setLevel(message, id)
        case Method.subscribe, Method.unsubscribe:
            let watch = ResourceWatch(gateway: gateway, agent: agent)
            await reply.finish(await watch.answer(message, id, isWanted: method == Method.subscribe))
        case let method where DelegationExchange.methods.contains(method):
            await DelegationExchange(gateway: gateway, agent: agent, reply: reply, headerKey: headerKey).answer(message, id)
        default: await refuse(.methodNotFound(method), id)
        }
    }

    /// Keeps the level of log messages that the agent wants in its session.
    private func setLevel(_ message: Message, _ id: RequestID) async {
        guard let level = message.paramText("level").flatMap({ LogLevel(rawValue: $0) }) else {
            return await refuse(.invalidParams("params.level must be a level of log messages"), id)
        }
        var session = agent.session
        session.logLevel = level.rawValue
        do throws(StoreError) {
            guard try await gateway.sessions.update(session) else { return await refuse(.sessionNotFound, id) }
            await reply.finish(Outgoing.emptyResult(id: id))
            let caller = Agent(principal: agent.principal, KnownSession(session, profile: agent.profile)).caller()
            gateway.start { [gateway, tenant = agent.tenant] in await gateway.catalogues.levelChanged(of: tenant, for: caller) }
        } catch {
            await refuse(.storeUnavailable, id)
        }
    }

    private func refuse(_ fault: Fault, _ id: RequestID) async {
        gateway.loopTasks.metrics.refused(fault.label)
        let (status, body) = fault.answer(to: id, era: .legacy, toolCall: false)
        await reply.finish(body, status: status, headers: fault.retryHeaders)
    }
}
