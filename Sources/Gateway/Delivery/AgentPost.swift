import Governance
import Logging
import MCPWire
import NIOCore
import Synchronization
import Upstreams

/// Passes on to agents what upstreams say outside of any answer: for each session one after the other, in the order it came.
final class AgentPost: Sendable {
    private let waiting = Mutex<[SessionID: [Overheard]]>([:])

    /// What may wait for one session; more is not taken.
    private static let most = 1_000

    /// Takes the message; true where its session has nobody at work on it, who is to call `next` until that is nil.
    func add(_ overheard: Overheard) -> Bool {
        waiting.withLock { waiting in
            guard let others = waiting[overheard.session] else {
                waiting[overheard.session] = [overheard]
                return true
            }
            if others.count < Self.most { waiting[overheard.session, default: []].append(overheard) }
            return false
        }
    }

    /// The session's next message; nil where there is none, which ends the work on it.
    func next(for session: SessionID) -> Overheard? {
        waiting.withLock { waiting in
            guard waiting[session]?.isEmpty == false else {
                waiting[session] = nil
                return nil
            }
            return waiting[session]?.removeFirst()
        }
    }
}

extension Gateway {
    /// Takes what an upstream said to an agent; on any thread.
    func overheard(_ message: Overheard) {
        guard agentPost.add(message) else { return }
        start {
            while let next = self.agentPost.next(for: message.session) { await self.passOn(next) }
        }
    }

    private func passOn(_ overheard: Overheard) async {
        let session: Session?
        do { session = try await sessions.known(overheard.session, of: overheard.tenant) } catch { return decline(overheard) }
        guard let session else { return decline(overheard) }
        let message = overheard.message
        if message.kind == .request {
            return start { await self.ask(overheard, in: session) }
        }
        switch message.method {
        case Method.logMessage:
            let wanted = session.logLevel.flatMap { LogLevel(rawValue: $0) }
            guard let level = message.loggedLevel, wanted.map({ level >= $0 }) ?? true else { return }
            await tell(message.relayed(), to: session)
        case Method.resourceUpdated:
            guard let uri = message.paramText("uri") else { return }
            let known = await shown(uri, of: overheard)
            if session.transport == .stateless { return streams.tell(updated: known, of: session.tenant, for: session.id) }
            // Between its wish not to know any more and the upstream's knowing of that, more may come.
            guard await catalogues.isWatched(uri, of: overheard.upstream, by: session.id, of: session.tenant) else { return }
            await tell(message.relayed(about: known), to: session)
        default: await tell(message.relayed(), to: session)
        }
    }

    /// Of a notification nobody has to know whether it arrived.
    private func tell(_ message: [UInt8], to session: Session) async { _ = await post(message, to: session) }

    /// The URI by which the tenant's agents know an upstream's resource.
    private func shown(_ uri: String, of overheard: Overheard) async -> String {
        guard let tenant = tenants.tenant(overheard.tenant) else { return uri }
        return await catalogues.catalogue(of: tenant).others.shownURI(uri, of: overheard.upstream)
    }

    /// Nobody can be asked: the upstream is not left waiting.
    func decline(_ overheard: Overheard) {
        guard overheard.message.kind == .request, let id = overheard.message.id else { return }
        overheard.respond(Outgoing.internalError(id: id, "the client cannot be reached"))
    }
}
