import Governance
import NIOCore
import Synchronization

/// The streams this node holds on which messages go to agents outside any request, by session: its only stream of HTTP+SSE, the one a
/// GET opened of Streamable HTTP.
package final class AgentStreams: Sendable {
    /// A stream and the loop it belongs to.
    private struct Held: Sendable {
        let tenant: TenantName
        /// The newer stream of a session has the higher one.
        let fence: Int64
        let loop: any EventLoop
        let reply: NIOLoopBound<HTTPReply>
        /// The handshake is over: the agent may be told of things.
        var isReady: Bool
    }

    private let held = Mutex<[SessionID: Held]>([:])

    package init() {}

    /// Holds the stream instead of an older one, which is closed; a newer one stays and this one is closed. `isReady`: the agent's
    /// handshake is over. Call it on the reply's loop.
    func add(_ reply: HTTPReply, for session: Session, fence: Int64, isReady: Bool, on loop: any EventLoop) {
        let bound = NIOLoopBound(reply, eventLoop: loop)
        let entry = Held(tenant: session.tenant, fence: fence, loop: loop, reply: bound, isReady: isReady)
        let older = held.withLock { held -> Held? in
            if let other = held[session.id], other.fence > fence { return entry }
            return held.updateValue(entry, forKey: session.id)
        }
        if let older { Self.end(older) }
    }

    /// The stream held under that fence has closed.
    func remove(_ session: SessionID, fence: Int64) {
        held.withLock { if $0[session]?.fence == fence { $0[session] = nil } }
    }

    /// Puts the message on the session's stream; false when this node does not hold it.
    func deliver(_ message: [UInt8], to session: SessionID) -> Bool {
        let entry = held.withLock { held in
            held[session]?.isReady = true
            return held[session]
        }
        guard let entry else { return false }
        entry.loop.execute { entry.reply.value.event(message, name: "message") }
        return true
    }

    /// Puts the message on the streams of all the tenant's sessions whose handshake is over.
    func broadcast(_ message: [UInt8], to tenant: TenantName) {
        let entries = held.withLock { held in held.values.filter { $0.tenant == tenant && $0.isReady } }
        for (_, entries) in Dictionary(grouping: entries, by: { ObjectIdentifier($0.loop) }) {
            entries[0].loop.execute {
                for entry in entries { entry.reply.value.event(message, name: "message") }
            }
        }
    }

    /// Ends the session's stream.
    func close(_ session: SessionID) { close(session, below: .max) }

    /// Ends the session's stream where it is older than `fence`.
    func close(_ session: SessionID, below fence: Int64) {
        guard let entry = held.withLock({ $0[session] }), entry.fence < fence else { return }
        Self.end(entry)
    }

    /// Ends all streams.
    func closeAll() {
        for session in held.withLock({ Array($0.keys) }) { close(session) }
    }

    private static func end(_ entry: Held) { entry.loop.execute { entry.reply.value.end() } }
}
