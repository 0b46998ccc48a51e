import Governance
import MCPWire
import Synchronization

/// The requests of agents with a session that this node is answering: what their agents may cancel.
final class RunningRequests: Sendable {
    private struct Key: Hashable {
        let session: SessionID
        let request: RequestID
    }

    private struct Running: Sendable {
        let endsWithSession: Bool
        let stop: @Sendable () -> Void
    }

    private let running = Mutex<[Key: Running]>([:])

    /// How many are being answered.
    var count: Int { running.withLock { $0.count } }

    /// Notes a request; false where the session has one of the same id here. `endsWithSession`: the session's stream is all there is to answer
    /// on. `stop` cancels it, and may be called on any thread.
    func begin(_ request: RequestID, in session: SessionID, endsWithSession: Bool, stop: @escaping @Sendable () -> Void) -> Bool {
        let key = Key(session: session, request: request)
        return running.withLock { running in
            guard running[key] == nil else { return false }
            running[key] = Running(endsWithSession: endsWithSession, stop: stop)
            return true
        }
    }

    /// The request is answered.
    func end(_ request: RequestID, in session: SessionID) {
        _ = running.withLock { $0.removeValue(forKey: Key(session: session, request: request)) }
    }

    /// Stops the request; false where it does not run here.
    func cancel(_ request: RequestID, in session: SessionID) -> Bool {
        let found = running.withLock { $0[Key(session: session, request: request)] }
        found?.stop()
        return found != nil
    }

    /// Stops all.
    func cancelAll() {
        for request in running.withLock({ Array($0.values) }) { request.stop() }
    }

    /// The session has ended: what cannot be answered any more is stopped.
    func ended(_ session: SessionID) {
        let left = running.withLock { running in
            running.filter { $0.key.session == session && $0.value.endsWithSession }.map(\.value)
        }
        for request in left { request.stop() }
    }
}
