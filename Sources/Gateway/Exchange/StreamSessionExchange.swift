import Events
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Upstreams

/// One request of the oldest transport, HTTP+SSE: the stream is the session, messages come by POST to any node.
struct StreamSessionExchange {
    let gateway: Gateway
    let reply: HTTPReply

    /// `GET /sse`: opens the session and its stream, whose first event names the address for messages.
    func open(_ inbound: Inbound) async throws(Rejection) {
        if gateway.isLeaving { throw .draining }
        let token = isQueryRead(in: inbound) ? inbound.queryText("token") : nil
        let principal = if let token { try await gateway.identify(token: token) } else { try await gateway.identify(inbound, on: reply) }
        let key = token.flatMap { _ in StreamKey() }
        if inbound.fields.accept != nil, !inbound.accepts("text", "event-stream") { throw .notAcceptable }
        let session = Session(
            id: SessionID(), tenant: principal.tenant.name, principal: principal.grant.token, transport: .sse,
            label: principal.grant.label, owner: gateway.node, pass: key?.pass(for: principal.grant))
        let isOpen: Bool
        do { isOpen = try await gateway.sessions.open(session) } catch { throw .storeUnavailable(nil) }
        guard isOpen else { throw .tooManySessions(nil) }
        gateway.announce(session, client: nil)
        hold(session, with: principal.grant, key)
    }

    /// What a URL says of a token counts only where the operator wants it, and no header says anything.
    private func isQueryRead(in inbound: Inbound) -> Bool {
        gateway.configuration.takesTokenInQuery && inbound.fields.authorization == nil
    }

    private func principal(of inbound: Inbound) async throws(Rejection) -> Principal {
        guard isQueryRead(in: inbound), let key = inbound.query("key") else { return try await gateway.identify(inbound, on: reply) }
        return try await gateway.identify(streamKey: key, of: inbound)
    }

    /// `POST /message`: accepted at once, answered on the session's stream.
    func post(_ inbound: Inbound) async throws(Rejection) {
        let principal = try await principal(of: inbound)
        try inbound.requireJSON()
        let message = try inbound.message()
        guard let id = inbound.query("sessionId").flatMap({ SessionID($0) }) else { throw .unknownSession(message.id) }
        let found: SessionCache.Resumed?
        do { found = try await gateway.sessions.resume(id, for: principal.grant, proven: false) } catch {
            throw .storeUnavailable(message.id)
        }
        guard let found, case let session = found.known.session, session.transport == .sse else { throw .unknownSession(message.id) }
        let agent = Agent(principal: principal, found.known, trace: inbound.fields.trace)
        guard message.kind == .request else {
            try await OneWayExchange(gateway: gateway, agent: agent).take(message)
            return reply.send(.accepted)
        }
        let number = CallID()
        let lives: Bool
        do { lives = try await gateway.enter(number, in: session) } catch { throw .storeUnavailable(message.id) }
        guard lives else {
            gateway.sessions.drop(id)
            throw .unknownSession(message.id)
        }
        defer { gateway.leave(number, in: session) }
        reply.send(.accepted)
        let stream = StreamReply(gateway, session: session, of: agent)
        if message.method == Method.initialize { return await initialize(message, agent, over: stream) }
        await RequestExchange(gateway: gateway, agent: agent, reply: stream, headerKey: inbound.fields.idempotencyKey, stop: reply.stop)
            .answer(message)
    }

    private func initialize(_ message: Message, _ agent: Agent, over stream: StreamReply) async {
        guard let id = message.id else { return }
        do {
            let offer = try InitializeRequest(message)
            let dialect = Dialect.offered(offer.protocolVersion)
            guard let profile = InitializeRequest.profile(in: message) else { throw WireError.invalidParams(id, ClientProfile.rule) }
            var session = agent.session
            session.describe(profile)
            session.revision = dialect.revision
            session.client = offer.client
            guard try await gateway.sessions.update(session) else { return gateway.streams.close(session.id) }
            await stream.finish(
                Outgoing.initializeResult(
                    id: id, dialect: dialect, serverVersion: gateway.configuration.version, offer: gateway.offer(of: agent.tenant)))
        } catch let error as WireError {
            await stream.finish(Fault(error).answer(to: id, era: .legacy, toolCall: false).body)
        } catch {
            await stream.finish(Fault.storeUnavailable.answer(to: id, era: .legacy, toolCall: false).body)
        }
    }

    /// Starts the stream; from here on the socket's own events drive it and no task waits on it.
    private func hold(_ session: Session, with grant: Grant, _ key: StreamKey?) {
        let gateway = gateway
        let expiry = gateway.end(reply, with: grant)
        reply.onClose = {
            expiry.cancel()
            gateway.streams.remove(session.id, fence: 0)
            gateway.requests.ended(session.id)
            gateway.end(session)
        }
        reply.stream(every: gateway.configuration.keepAlive) {
            gateway.start { await gateway.keepStream(of: session) }
        }
        guard reply.isStreaming else {
            expiry.cancel()
            return gateway.end(session)
        }
        gateway.streams.add(reply, for: session, fence: 0, isReady: false)
        let pass = key.map { "&tenant=\(session.tenant)&key=\($0.text)" } ?? ""
        reply.event(Array("/message?sessionId=\(session.id)\(pass)".utf8), name: "endpoint")
    }
}

extension Gateway {
    /// Lets a stream's session live on; closes the stream when the session was ended elsewhere.
    fileprivate func keepStream(of session: Session) async {
        await keepAlive(session) { () throws(StoreError) in
            let lives = try await sessions.touch(session)
            if !lives { streams.close(session.id) }
            return lives
        }
    }

    /// Ends the session of a stream that has closed.
    fileprivate func end(_ session: Session) {
        start {
            _ = try? await self.sessions.close(session)
            await self.catalogues.ended(session.id, of: session.tenant)
            self.events.publish(
                Event(.sessionClose, tenant: session.tenant, session: session.id, token: session.principal, node: self.node))
        }
    }
}
