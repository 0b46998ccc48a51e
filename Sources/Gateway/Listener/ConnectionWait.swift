/// What is waited for on a connection of an agent. The words of those that can cut it off are fixed, for those who count.
enum ConnectionWait: String {
    /// The agent waits for us.
    case nothing
    case handshake
    /// The rest of a request's head; of a new connection, the first one.
    case head
    case body
    /// The next request.
    case request = "idle"
    /// That the agent takes what was written for it.
    case reader = "stalled"
    /// That the agent ends its side, after a refusal.
    case farewell
}

/// By when a connection must have done what is waited for.
struct ConnectionDeadline {
    var wait = ConnectionWait.nothing
    /// A step of `Alarms`.
    var due = Int64.max
    /// Rings then or earlier, and is set again then.
    var alarm: Alarms.Alarm?
    /// Bytes that were written for the agent.
    var written = 0
    /// Those of them that had left when it was last looked.
    var taken = 0
}
