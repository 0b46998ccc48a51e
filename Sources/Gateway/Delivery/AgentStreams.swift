import Governance
import NIOCore
import Synchronization

/// The HTTP+SSE streams this node holds, by session.
package final class AgentStreams: Sendable {
    /// A stream and the loop it belongs to.
    private struct Held: Sendable {
        let loop: any EventLoop
        let reply: NIOLoopBound<HTTPReply>
    }

    private let held = Mutex<[SessionID: Held]>([:])

    package init() {}

    /// Call on the reply's loop.
    func add(_ reply: HTTPReply, for session: SessionID, on loop: any EventLoop) {
        let entry = Held(loop: loop, reply: NIOLoopBound(reply, eventLoop: loop))
        held.withLock { $0[session] = entry }
    }

    func remove(_ session: SessionID) {
        _ = held.withLock { $0.removeValue(forKey: session) }
    }

    /// Puts the message on the session's stream; false when this node does not hold it.
    func deliver(_ message: [UInt8], to session: SessionID) -> Bool {
        guard let entry = held.withLock({ $0[session] }) else { return false }
        entry.loop.execute { entry.reply.value.event(message, name: "message") }
        return true
    }

    /// Ends the session's stream.
    func close(_ session: SessionID) {
        guard let entry = held.withLock({ $0[session] }) else { return }
        entry.loop.execute { entry.reply.value.end() }
    }

    /// Ends all streams.
    func closeAll() {
        for session in held.withLock({ Array($0.keys) }) { close(session) }
    }
}
