/// What a tool server has counted; its JSON is `/_stats`.
package struct ServerCounts: Sendable, Encodable {
    /// By tool.
    package var calls: [String: Int] = [:]
    /// MCP messages, of any kind.
    package var requests = 0
    package var initializes = 0
    package var discovers = 0
    /// Pages of tools asked for.
    package var lists = 0
    package var cancelled = 0
    /// Calls begun and neither answered nor cut off.
    package var inflight = 0
    package var connections = 0
    /// Open now.
    package var sessions = 0
    package var sessionsOpened = 0
    /// By the client: a DELETE, or the end of the stream that was the session.
    package var sessionsClosed = 0
    /// Streams open now that a session listens on.
    package var streams = 0
    /// Streams open now whose notifications are tagged with the request that opened them.
    package var listens = 0
    /// The distinct `Authorization` values.
    package var auth: Set<String> = []
    /// The distinct `MCP-Protocol-Version` values.
    package var versions: Set<String> = []

    /// Begins anew; what counts things open or in flight stays.
    mutating func reset() {
        var fresh = ServerCounts()
        (fresh.inflight, fresh.connections, fresh.streams, fresh.listens) = (inflight, connections, streams, listens)
        self = fresh
    }
}
