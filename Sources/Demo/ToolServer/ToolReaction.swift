import MCPWire

/// What a tool server does about one message.
enum ToolReaction: Sendable {
    case reply(ToolReply)
    case perform(ToolTurn)
    /// Opens a stream that stays open.
    case subscribe(ToolSubscription)
    case reset, drop, hang
}

/// One message back and, over HTTP, the status it goes with; without a body only the status.
struct ToolReply: Sendable {
    var status = HTTPText.Status.ok
    var body: [UInt8] = []
    /// The id of the session that begins with it.
    var session: String?

    static let accepted = ToolReply(status: .accepted)
}

/// A call that is to be performed.
struct ToolTurn: Sendable {
    let performance: Performance
    /// What it ends with.
    let reply: ToolReply
    let progressToken: [UInt8]?
    /// The client gives the call up by closing the stream of its answer.
    let endsWithConnection: Bool
}

/// Notifications that a client asked for.
struct ToolSubscription: Sendable {
    /// The request that asked, where the notifications are tagged with it.
    var id: RequestID?
    /// What the stream begins with.
    var opening: [ServerSentEvent] = []
    /// What is sent each time the tools change; nil: that was not asked for.
    var change: [UInt8]?
    /// The session whose answers come on this stream.
    var mailbox: String?
}
