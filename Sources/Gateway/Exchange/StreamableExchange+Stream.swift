import Governance
import MCPWire
import NIOCore
import Upstreams

extension StreamableExchange {
    /// A GET: opens the session's own stream, in the place of an older one wherever that is; or goes on with that, or a call's answer.
    func get(_ inbound: Inbound) async throws(Rejection) {
        if gateway.isLeaving { throw .draining }
        let principal = try await gateway.identify(inbound, on: reply)
        guard inbound.accepts("text", "event-stream") else { throw .notAcceptable }
        let session = try await resume(inbound, principal, nil).session
        guard let last = inbound.fields.lastEvent else { return try await open(session, after: nil, principal) }
        if let place = EventID(last), place.stream == session.ownStream.name {
            return try await open(session, after: place.sequence, principal)
        }
        try await ResumedAnswer(gateway: gateway, reply: reply, session: session).run(after: last, until: principal.grant.expires)
    }

    /// Opens the session's own stream, behind the message of that number where the agent names one.
    private func open(_ session: Session, after place: Int64?, _ principal: Principal) async throws(Rejection) {
        let fence: Int64?
        let page: OutboxPage?
        do {
            fence = try await gateway.sessions.takeStream(of: session, for: gateway.node)
            page = try await gateway.outbox.read(session.ownStream, after: AnswerStream.end, fence: AnswerStream.noFence)
        } catch {
            throw .storeUnavailable(nil)
        }
        guard let fence else {
            gateway.sessions.drop(session.id)
            throw .unknownSession(nil)
        }
        let last = page?.last ?? 0
        if let place, place > last { throw .unknownEvent }
        hold(session, fence, principal, after: place ?? last)
        // What it goes on behind is not kept any more: each resource may have changed.
        guard let place, place + 1 < (page?.first ?? 1) else { return }
        for uri in await gateway.catalogues.watched(by: session.id, of: principal.tenant) {
            _ = gateway.streams.deliver(Outgoing.resourceUpdated(uri), to: session.id)
        }
    }

    /// Starts the stream; from here on the socket's own events drive it and no task waits on it.
    private func hold(_ session: Session, _ fence: Int64, _ principal: Principal, after place: Int64) {
        let gateway = gateway
        let expiry = gateway.end(reply, with: principal.grant)
        reply.onClose = {
            expiry.cancel()
            gateway.streams.remove(session.id, fence: fence)
            gateway.start { try? await gateway.outbox.release(session.id, of: session.tenant, fence: fence) }
        }
        reply.stream(every: gateway.configuration.keepAlive) {
            gateway.start { await gateway.keepStream(of: session, fence, isBeat: true) }
        }
        guard reply.isStreaming else { return expiry.cancel() }
        if session.primesStreams { reply.prime(EventID(stream: session.ownStream.name, sequence: place)) }
        gateway.streams.add(reply, for: session, fence: fence, isReady: true, after: place)
        // Between an earlier stream and this one the agent may have missed a change.
        if fence > 1 {
            for message in Outgoing.listChanged(gateway.offer(of: principal.tenant).announced) { reply.event(message, name: "message") }
        }
        // What came, ended or took it before it was held has told nobody here.
        gateway.start {
            await gateway.keepStream(of: session, fence, isBeat: false)
            if let own = gateway.streams.own(of: session.id) { await gateway.catchUp(own, session.ownStream) }
            // A node that has watched resources for the agent may have gone with the stream before this one.
            if fence > 1, await gateway.takeOverWatches(of: session) { _ = gateway.streams.noteWatches(of: session.id) }
        }
    }
}

extension HTTPReply {
    /// Ends the stream when the token that opened it expires; unix ms.
    func end(at expires: Int64, now: Int64) -> Alarms.Alarm {
        let longest: Int64 = 366 * 86_400_000
        return end(in: .milliseconds(max(0, min(expires - now, longest))))
    }
}

extension Gateway {
    /// Lets a session live on by its stream; closes the stream when the session has ended or another has taken its place.
    fileprivate func keepStream(of session: Session, _ fence: Int64, isBeat: Bool) async {
        await keepAlive(session) { () throws(StoreError) in
            switch try await sessions.keepStream(of: session, fence: fence) {
            case .held: return isBeat
            case .taken: streams.close(session.id, below: fence + 1)
            case .gone: sessionEnded(session.id)
            }
            return false
        }
    }
}
