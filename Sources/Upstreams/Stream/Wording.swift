import MCPWire

/// How requests are put in one protocol revision.
struct Wording: Sendable {
    /// Asks for nothing but an answer.
    func probe(_ id: Int) -> [UInt8] { Outgoing.ping(id: id) }

    func message(_ request: UpstreamRequest, id: Int) -> [UInt8] { request.message(id: id) }

    /// Tells that nobody waits for the request any more.
    func cancelled(_ id: Int) -> [UInt8] { Outgoing.cancelled(requestID: id, reason: "cancelled") }

    /// Asks to be told of changes; nil where they are told unasked.
    func subscription(_ id: Int) -> [UInt8]? { nil }
}
