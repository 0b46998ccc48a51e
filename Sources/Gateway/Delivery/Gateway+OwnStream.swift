import Governance
import Logging
import MCPWire

extension Gateway {
    /// Whether the session's agent has a stream of its own now, on which a message would reach it.
    func hasOwnStream(_ session: Session) async -> Bool {
        switch session.transport {
        case .stateless: return false
        case .sse: return session.owner.map { $0 == node || isAlive($0) } ?? false
        case .streamable:
            guard let holder = try? await outbox.holder(of: session.id, of: session.tenant) else { return false }
            return holder == node || isAlive(holder)
        }
    }

    /// Puts a message on the own stream of the session's agent, wherever that is; false where there is none. For an agent of Streamable
    /// HTTP it is kept, so that its next stream begins with what it has missed.
    func post(_ message: [UInt8], to session: Session) async -> Bool {
        do throws(StoreError) {
            switch session.transport {
            case .stateless: return false
            case .sse:
                return try await deliver(message, toStreamOf: session)
            case .streamable:
                guard let posted = try await outbox.post(message, to: session.ownStream, from: node), let holder = posted.holder else {
                    return false
                }
                if holder == node { return await deliver(message, as: posted.sequence, to: session.ownStream) }
                return try await bus.post(message, as: posted.sequence, to: session.id, of: session.tenant, at: holder)
            }
        } catch {
            logger.warning("a message did not reach its stream", metadata: ["session": "\(session.id)", "error": "\(error)"])
            return false
        }
    }

    /// Puts a message on a session's stream of HTTP+SSE, at whichever node holds it; false where none does.
    func deliver(_ message: [UInt8], toStreamOf session: Session) async throws(StoreError) -> Bool {
        if streams.deliver(message, to: session.id) { return true }
        guard let owner = session.owner, owner != node else { return false }
        return try await bus.deliver(message, to: session.id, at: owner)
    }

    /// Puts a kept message on the stream that this node holds, after all that come before it; false where it holds none.
    @discardableResult
    func deliver(_ message: [UInt8], as sequence: Int64, to stream: AnswerStream) async -> Bool {
        guard let own = streams.own(of: stream.session) else { return false }
        if !own.send(message, as: sequence) { await catchUp(own, stream) }
        return true
    }

    /// Sends what is kept of the session's own stream and was not sent; what is not kept any more is skipped.
    func catchUp(_ own: OwnStream, _ stream: AnswerStream) async {
        do throws(StoreError) {
            while let page = try await outbox.read(stream, after: own.place, fence: AnswerStream.noFence) {
                own.skip(before: page.first)
                for event in page.events { _ = own.send(event.data, as: event.sequence) }
                if page.events.isEmpty || own.place >= page.last { return }
            }
        } catch {
            logger.debug("the outbox is out of reach", metadata: ["session": "\(stream.session)", "error": "\(error)"])
        }
    }
}
