import Governance
import HTTPWire
import MCPWire
import NIOCore
import NIOHTTP1
import Synchronization
import Upstreams

/// One request to `/mcp` of a revision without a handshake: it says all of itself, and ends with its connection. What it may name of
/// sessions and streams is not looked at.
struct StatelessExchange {
    let gateway: Gateway
    let reply: HTTPReply
    let observation: Observation

    /// Serves the request; only a POST is one.
    func serve(_ inbound: Inbound, isPost: Bool) async throws(Rejection) {
        let principal = try await observation.observed(.authenticate) { () throws(Rejection) in
            try await gateway.identify(inbound, on: reply)
        }
        guard isPost else { throw .methodNotAllowed(allow: "POST") }
        try inbound.requireJSON()
        guard inbound.acceptsEither else { throw .notAcceptable }
        let known = reply.presence
        let message = try inbound.message(of: known?.description)
        do throws(Fault) {
            switch message.kind {
            case .request: try await answer(message, inbound.fields, principal, known)
            case .notification: try accept(inbound.fields)
            case .response: throw .invalidRequest("a response to nothing that was asked")
            }
        } catch {
            refuse(message, error)
        }
    }

    private func answer(
        _ message: Message, _ fields: HeaderFields, _ principal: Principal, _ known: KnownPresence?
    ) async throws(Fault) {
        let (request, presence) = try present(message, fields, principal, known)
        let agent = Agent(
            principal: principal, presence.known,
            logLevel: message.metaText(MetaKey.logLevel).flatMap { LogLevel(rawValue: $0) }, trace: fields.trace)
        observation.trace?.identify(message, of: agent)
        defer {
            observation.trace?.end()
            gateway.noteServed(message, of: agent, observation)
        }
        let post = StatelessReply(reply, keepAlive: gateway.configuration.keepAlive)
        reply.endsWithConnection = true
        if ForwardedRequest.hasMethod(request.method) { return try await call(message, fields, agent, over: post) }
        try await answerHere(message, request, fields, agent, over: post)
    }

    private func call(_ message: Message, _ fields: HeaderFields, _ agent: Agent, over post: StatelessReply) async throws(Fault) {
        // An upstream's own session for the agent is kept only while its presence is.
        try await observation.observed(.session) { () throws(Fault) in
            if !gateway.sessions.isPresent(agent.session.id) { try await appear(agent) }
        }
        let rounds = RoundReply(post, on: reply)
        let exchange = CallExchange(
            gateway: gateway, agent: agent, reply: rounds, headers: fields, rounds: rounds, headerKey: fields.idempotencyKey,
            observation: observation)
        gateway.presenceCalls.wrappingAdd(1, ordering: .relaxed)
        defer { gateway.presenceCalls.wrappingSubtract(1, ordering: .relaxed) }
        await exchange.run(message)
    }

    @inline(never)  // keeps what most calls do not need out of their frames
    private func appear(_ agent: Agent) async throws(Fault) {
        let standing: SessionCache.Presence
        do { standing = try await gateway.appear(agent) } catch { throw .storeUnavailable }
        guard standing != .tooMany else { throw .tooManySessions }
    }

    @inline(never)  // the same of what the node answers by itself
    private func answerHere(
        _ message: Message, _ request: StatelessRequest, _ fields: HeaderFields, _ agent: Agent, over post: StatelessReply
    ) async throws(Fault) {
        if let listing = Listing(method: request.method) {
            note(agent)
            return await CatalogueList(listing, gateway: gateway, agent: agent).answer(message, request.id, over: post)
        }
        switch request.method {
        case Method.discover:
            note(agent)
            let offer = gateway.offer(of: agent.tenant)
            await post.finish(Outgoing.discoverResult(id: request.id, offer: offer, by: gateway.responder, freshFor: ToolList.freshness))
        case Method.toolsList:
            note(agent)
            await ToolList(gateway: gateway, agent: agent).answer(message, request.id, over: post)
        case Method.listen:
            note(agent)
            try await ListenExchange(gateway: gateway, agent: agent, reply: reply).open(message, request.id)
        case let method where DelegationExchange.methods.contains(method):
            note(agent)
            let delegation = DelegationExchange(gateway: gateway, agent: agent, reply: post, headerKey: fields.idempotencyKey)
            await delegation.answer(message, request.id)
        default: throw .methodNotFound(request.method)
        }
    }

    /// No notification of an agent means anything here.
    private func accept(_ fields: HeaderFields) throws(Fault) {
        guard let revision = fields.revision, Dialect.modern.contains(revision) else {
            throw .unsupportedVersion(requested: fields.revision ?? "")
        }
        reply.send(.accepted)
    }

    private func refuse(_ message: Message, _ fault: Fault) {
        gateway.loopTasks.metrics.refused(fault.label)
        let (status, body) = fault.answer(to: message.id, era: .modern, toolCall: message.method == Method.toolsCall)
        reply.send(HTTPResponseStatus(statusCode: status), body, headers: fault.retryHeaders)
    }

    /// What needs no books does not wait for them.
    private func note(_ agent: Agent) {
        gateway.start { [gateway] in _ = try? await gateway.appear(agent) }
    }
}

extension Gateway {
    /// Lets those who watch know that a stateless agent is here.
    func appear(_ agent: Agent) async throws(StoreError) -> SessionCache.Presence {
        let standing = try await sessions.appear(agent.session)
        if standing == .new { announce(agent.session, client: agent.session.client) }
        return standing
    }
}
