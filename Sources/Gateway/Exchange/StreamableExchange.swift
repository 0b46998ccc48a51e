import Events
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Upstreams

/// One request to `/mcp`: Streamable HTTP of the handshake eras.
struct StreamableExchange {
    let gateway: Gateway
    let reply: HTTPReply
    let observation: Observation

    /// A POST: one message of the agent.
    func post(_ inbound: Inbound) async throws(Rejection) {
        let principal = try await observation.observed(.authenticate) { () throws(Rejection) in
            try await gateway.identify(inbound, on: reply)
        }
        try inbound.requireJSON()
        guard inbound.acceptsEither else { throw .notAcceptable }
        if Batch.isOpened(by: inbound.body) {
            let batch = try inbound.batch()
            return try await BatchExchange(gateway: gateway, reply: reply).run(batch, as: resume(inbound, principal, nil))
        }
        let message = try inbound.message()
        try refuseHeaderless(inbound, message)
        if message.method == Method.initialize, message.kind == .request {
            return try await initialize(message, principal)
        }
        let agent = try await observation.observed(.session) { () throws(Rejection) in try await resume(inbound, principal, message) }
        guard message.kind == .request, let id = message.id else {
            try await OneWayExchange(gateway: gateway, agent: agent).take(message)
            return reply.send(.accepted)
        }
        let post = PostReply(reply, gateway: gateway, agent: agent, requests: [id])
        let exchange = RequestExchange(
            gateway: gateway, agent: agent, reply: post, headerKey: inbound.fields.idempotencyKey, observation: observation,
            stop: reply.stop)
        await exchange.answer(message)
    }

    /// A DELETE: the agent ends its session.
    func delete(_ inbound: Inbound) async throws(Rejection) {
        let principal = try await gateway.identify(inbound, on: reply)
        let session = try await resume(inbound, principal, nil).session
        do {
            guard try await gateway.sessions.close(session) else { throw Rejection.unknownSession(nil) }
        } catch let rejection as Rejection {
            throw rejection
        } catch {
            throw .storeUnavailable(nil)
        }
        gateway.events.publish(
            Event(.sessionClose, tenant: session.tenant, session: session.id, token: session.principal, node: gateway.node))
        reply.send(.noContent)
        await gateway.catalogues.ended(session.id, of: session.tenant)
    }

    /// Answers `initialize` with a new session.
    private func initialize(_ message: Message, _ principal: Principal) async throws(Rejection) {
        let offer: InitializeRequest
        do { offer = try InitializeRequest(message) } catch { throw .malformed(error) }
        guard let id = message.id else { throw .malformed(.invalidRequest(nil)) }
        let dialect = Dialect.offered(offer.protocolVersion)
        var session = Session(
            id: SessionID(), tenant: principal.tenant.name, principal: principal.grant.token, transport: .streamable,
            revision: dialect.revision, client: offer.client, label: principal.grant.label)
        guard let profile = InitializeRequest.profile(in: message) else { throw .malformed(.invalidParams(id, ClientProfile.rule)) }
        session.describe(profile)
        let isOpen: Bool
        do { isOpen = try await gateway.sessions.open(session) } catch { throw .storeUnavailable(id) }
        guard isOpen else { throw .tooManySessions(id) }
        gateway.announce(session, client: offer.client)
        let result = Outgoing.initializeResult(
            id: id, dialect: dialect, serverVersion: gateway.configuration.version, offer: gateway.offer(of: principal.tenant))
        reply.send(.ok, result, headers: ["mcp-session-id": session.id.text])
    }

    /// The session the request names, if it is this principal's and speaks the revision the header tells.
    func resume(_ inbound: Inbound, _ principal: Principal, _ message: Message?) async throws(Rejection) -> Agent {
        guard let text = inbound.fields.sessionBytes else { throw .missingSession(message?.id) }
        guard let id = SessionID(utf8: text) else { throw .unknownSession(message?.id) }
        let found: SessionCache.Resumed?
        do {
            found = try await gateway.sessions.resume(
                id, for: principal.grant, proven: message?.method.map(ForwardedRequest.hasMethod) ?? false)
        } catch {
            throw .storeUnavailable(message?.id)
        }
        guard let found, found.known.session.transport == .streamable else { throw .unknownSession(message?.id) }
        if let revision = inbound.fields.revisionBytes, !revision.isSame(as: found.known.session.revision ?? "") {
            throw .wrongRevision(message?.id)
        }
        return Agent(principal: principal, found.known, renewsSession: found.needsRenewal, trace: inbound.fields.trace)
    }

    /// A body of a revision without a handshake has to be announced by a header, for that is what others on the way judge it by.
    private func refuseHeaderless(_ inbound: Inbound, _ message: Message) throws(Rejection) {
        // A header of any other revision would have led elsewhere.
        guard inbound.fields.revisionBytes == nil, message.protocolVersionOfMeta != nil else { return }
        throw .missingRevision(message.id)
    }
}

extension Inbound {
    /// The body as one JSON-RPC message.
    func message(of description: AgentDescription? = nil) throws(Rejection) -> Message {
        do { return try Message(body, of: description) } catch { throw .malformed(error) }
    }

    /// The body as several messages.
    func batch() throws(Rejection) -> Batch {
        do { return try Batch(body) } catch { throw .malformedBatch(error) }
    }
}

extension InitializeRequest {
    /// Name and version of the client, for those who watch.
    var client: String? { clientName.map { name in clientVersion.map { "\(name) \($0)" } ?? name } }
}

extension Gateway {
    /// Publishes that a session began.
    func announce(_ session: Session, client: String?) {
        let data: Event.Fields = [
            "client": .text(client ?? ""), "transport": .text(session.transport.rawValue), "revision": .text(session.revision ?? ""),
        ]
        events.publish(
            Event(.sessionConnect, tenant: session.tenant, session: session.id, token: session.principal, node: node, data: data))
    }
}
