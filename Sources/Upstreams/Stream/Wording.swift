import MCPWire

/// How requests are put in the era of an upstream.
struct Wording: Sendable {
    /// What each request says of the gateway; nil where a handshake has said it.
    let sender: Sender?

    var era: Dialect.Kind { sender == nil ? .legacy : .modern }

    /// Asks for nothing but an answer.
    func probe(_ id: Int) -> [UInt8] { sender.map { Outgoing.discover(id: id, sender: $0) } ?? Outgoing.ping(id: id) }

    /// The request as it is sent.
    func message(_ request: UpstreamRequest, id: Int) -> [UInt8] { request.message(id: id, sender: sender) }

    /// Tells that nobody waits for the request any more.
    func cancelled(_ id: Int) -> [UInt8] { Outgoing.cancelled(requestID: id, reason: "cancelled") }

    /// Asks to be told of changes; nil where they are told unasked.
    func subscription(_ id: Int, to capabilities: ServerCapabilities) -> [UInt8]? {
        sender.map { Outgoing.listen(id: id, to: capabilities, sender: $0) }
    }
}
