import MCPWire

/// How a request in progress is spoken about with its upstream, besides the request itself.
protocol Backchannel: Sendable {
    /// Tells the upstream that nobody waits for this request any more.
    func cancel(_ id: Int)
    /// Sends a message without waiting.
    func post(_ message: [UInt8])
    /// Answers what the upstream asks and is not to ask: `ping` it may, and nothing else.
    func answer(_ request: Message)
}

extension Backchannel {
    func answer(_ request: Message) {
        if let reply = Outgoing.reply(to: request) { post(reply) }
    }
}
