import Foundation
import Synchronization

/// What a tool server has seen, and how it is told to misbehave; shared by its connections.
package final class ServerRecord: Sendable {
    /// How the server treats what is sent to its MCP endpoints.
    package enum Mode: Sendable, Hashable {
        case normal
        /// Never answers.
        case hang
        /// Answers with that HTTP status and no body.
        case status(Int)
        /// Resets the connection once the request is read.
        case reset
        /// Closes the connection once the request is read.
        case drop
        /// Answers 200 with what is no JSON.
        case garbage
    }

    private struct State {
        var counts = ServerCounts()
        var runs: [String: Int] = [:]
        var sessions: Set<String> = []
        var mailboxes: [String: @Sendable (ToolReaction) -> Void] = [:]
        var mode = Mode.normal
        var parked: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Nothing seen yet.
    package init() {}

    /// All counts at one instant.
    package var counts: ServerCounts {
        state.withLock { state in
            var counts = state.counts
            counts.sessions = state.sessions.count
            return counts
        }
    }

    /// Calls of a tool begun so far.
    package func calls(of tool: String) -> Int { counts.calls[tool] ?? 0 }
    /// MCP messages read so far.
    package var requests: Int { counts.requests }
    /// Connections accepted so far.
    package var connections: Int { counts.connections }
    /// Cancellations received so far.
    package var cancelled: Int { counts.cancelled }
    /// Calls begun and neither answered nor cut off.
    package var inFlight: Int { counts.inflight }
    /// Sessions open now.
    package var sessions: Int { counts.sessions }
    /// The distinct `Authorization` values seen.
    package var authorizations: Set<String> { counts.auth }

    /// How the server behaves from now on.
    package var mode: Mode {
        get { state.withLock { $0.mode } }
        set { state.withLock { $0.mode = newValue } }
    }

    /// Forgets all sessions, as a restart would.
    package func forgetSessions() { state.withLock { $0.sessions = [] } }

    /// Lets everything parked go on.
    package func release() {
        let parked = state.withLock { state in
            defer { state.parked = [] }
            return state.parked
        }
        for resume in parked { resume() }
    }

    /// The JSON of `/_runs`: how often each call ran that named itself in its argument `call`.
    package var runs: [UInt8] {
        let runs = state.withLock { $0.runs }
        return (try? JSONEncoder().encode(runs)).map(Array.init) ?? []
    }

    /// Begins counting anew; sessions and what is open or in flight stay.
    package func reset() {
        state.withLock { state in
            state.counts.reset()
            state.runs = [:]
        }
    }

    /// The JSON of `/_stats`.
    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(counts)).map(Array.init) ?? []
    }
}

/// What connections report.
extension ServerRecord {
    /// A connection was accepted.
    func accepted() { count { $0.connections += 1 } }
    /// An MCP message was read.
    func received(authorization: String? = nil, version: String? = nil) {
        count { counts in
            counts.requests += 1
            if let authorization, counts.auth.count < 1000 { counts.auth.insert(authorization) }
            if let version, counts.versions.count < 1000 { counts.versions.insert(version) }
        }
    }
    /// An `initialize` was read.
    func initialized() { count { $0.initializes += 1 } }
    /// A `server/discover` was read.
    func discovered() { count { $0.discovers += 1 } }
    /// A `tools/list` was read.
    func listed() { count { $0.lists += 1 } }
    /// A call has begun; `name` is what its argument `call` says, if it has one.
    func began(_ tool: String, as name: String?) {
        state.withLock { state in
            state.counts.calls[tool, default: 0] += 1
            state.counts.inflight += 1
            if let name { state.runs[name, default: 0] += 1 }
        }
    }
    /// A call was answered or cut off.
    func ended() { count { $0.inflight -= 1 } }
    /// The client gave a request up.
    func noteCancellation() { count { $0.cancelled += 1 } }
    /// A stream was opened, `listen`: by a request whose id tags its notifications.
    func opened(listen: Bool) { count { if listen { $0.listens += 1 } else { $0.streams += 1 } } }
    /// Its end.
    func closed(listen: Bool) { count { if listen { $0.listens -= 1 } else { $0.streams -= 1 } } }
    /// `resume` is called when what is parked is released.
    func park(_ resume: @escaping @Sendable () -> Void) { state.withLock { $0.parked.append(resume) } }

    private func count(_ change: (inout ServerCounts) -> Void) { state.withLock { change(&$0.counts) } }
}

/// Sessions.
extension ServerRecord {
    /// A new session's id.
    func openSession() -> String {
        var random = SystemRandomNumberGenerator()
        let id = String(random.next() as UInt64, radix: 16) + String(random.next() as UInt64, radix: 16)
        state.withLock { state in
            state.sessions.insert(id)
            state.counts.sessionsOpened += 1
        }
        return id
    }
    /// Whether the session is open.
    func knows(_ session: String) -> Bool { state.withLock { $0.sessions.contains(session) } }
    /// Ends a session by its client's wish; false when there was none.
    func close(_ session: String?) -> Bool {
        state.withLock { state in
            guard let session, state.sessions.remove(session) != nil else { return false }
            state.counts.sessionsClosed += 1
            return true
        }
    }

    /// What is to be done about messages to the session goes to `deliver`.
    func opened(mailbox: String, _ deliver: @escaping @Sendable (ToolReaction) -> Void) {
        state.withLock { $0.mailboxes[mailbox] = deliver }
    }
    /// The session's stream is gone, and the session with it.
    func closed(mailbox: String) {
        state.withLock { state in
            state.mailboxes[mailbox] = nil
            if state.sessions.remove(mailbox) != nil { state.counts.sessionsClosed += 1 }
        }
    }
    /// Whether the session has its stream.
    func hasMailbox(_ session: String) -> Bool { state.withLock { $0.mailboxes[session] != nil } }
    /// Hands over to the session's stream, if it is still there.
    func deliver(_ reaction: ToolReaction, to session: String) { state.withLock { $0.mailboxes[session] }?(reaction) }
}
