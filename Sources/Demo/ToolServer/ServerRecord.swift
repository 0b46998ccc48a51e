import MCPWire
import Synchronization

/// What a tool server has seen, and how it is told to misbehave; shared by its connections.
package final class ServerRecord: Sendable {
    /// How the server treats what is sent to its MCP endpoint.
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
        var calls: [String: Int] = [:]
        var requests = 0
        var cancelled = 0
        var connections = 0
        var authorizations: Set<String> = []
        var sessions: Set<String> = []
        var inFlight = 0
        var mode = Mode.normal
        var parked: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// Calls of a tool begun so far.
    package func calls(of tool: String) -> Int { state.withLock { $0.calls[tool] ?? 0 } }
    /// MCP requests read so far.
    package var requests: Int { state.withLock { $0.requests } }
    /// Connections accepted so far.
    package var connections: Int { state.withLock { $0.connections } }
    /// Cancellations received so far.
    package var cancelled: Int { state.withLock { $0.cancelled } }
    /// Calls begun and neither answered nor cut off.
    package var inFlight: Int { state.withLock { $0.inFlight } }
    /// Sessions open now.
    package var sessions: Int { state.withLock { $0.sessions.count } }
    /// The distinct `Authorization` values seen.
    package var authorizations: Set<String> { state.withLock { $0.authorizations } }

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

    /// Begins counting anew; sessions and what is in flight stay.
    package func reset() {
        state.withLock { state in
            state.calls = [:]
            state.requests = 0
            state.cancelled = 0
            state.authorizations = []
        }
    }

    /// The JSON of `/_stats`.
    package var json: [UInt8] {
        let state = state.withLock { $0 }
        var out: [UInt8] = []
        JSONText.append(raw: #"{"calls":{"#, to: &out)
        for (index, (tool, count)) in state.calls.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSONText.append(string: tool, to: &out)
            out.append(UInt8(ascii: ":"))
            JSONText.append(integer: count, to: &out)
        }
        out += Array(#"},"requests":\#(state.requests),"cancelled":\#(state.cancelled),"sessions":\#(state.sessions.count),"#.utf8)
        out += Array(#""inflight":\#(state.inFlight),"connections":\#(state.connections),"auth":["#.utf8)
        for (index, value) in state.authorizations.sorted().enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSONText.append(string: value, to: &out)
        }
        JSONText.append(raw: "]}", to: &out)
        return out
    }
}

/// What connections report.
extension ServerRecord {
    /// A connection was accepted.
    func accepted() { state.withLock { $0.connections += 1 } }

    /// An MCP request was read; answers how to treat it.
    func received(authorization: String?) -> Mode {
        state.withLock { state in
            state.requests += 1
            if let authorization, state.authorizations.count < 1000 { state.authorizations.insert(authorization) }
            return state.mode
        }
    }

    /// A call has begun.
    func began(_ tool: String) {
        state.withLock { state in
            state.calls[tool, default: 0] += 1
            state.inFlight += 1
        }
    }

    /// A call was answered or cut off.
    func ended() { state.withLock { $0.inFlight -= 1 } }
    /// The client gave a request up.
    func noteCancellation() { state.withLock { $0.cancelled += 1 } }
    /// `resume` is called when what is parked is released.
    func park(_ resume: @escaping @Sendable () -> Void) { state.withLock { $0.parked.append(resume) } }
    /// A new session's id.
    func openSession() -> String {
        var random = SystemRandomNumberGenerator()
        let id = String(random.next() as UInt64, radix: 16) + String(random.next() as UInt64, radix: 16)
        state.withLock { _ = $0.sessions.insert(id) }
        return id
    }
    /// Whether the session is open.
    func knows(_ session: String) -> Bool { state.withLock { $0.sessions.contains(session) } }
    /// Ends a session; false when there was none.
    func close(_ session: String) -> Bool { state.withLock { $0.sessions.remove(session) != nil } }
}
