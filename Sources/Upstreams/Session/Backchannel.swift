import MCPWire

/// How a request in progress is spoken about with its upstream, besides the request itself.
protocol Backchannel: Sendable {
    /// Tells the upstream that nobody waits for this request any more.
    func cancel(_ id: Int)
    /// Answers what the upstream asks: `ping` it may, and nothing else, since no capability was declared to it.
    func answer(_ request: Message)
}

extension Backchannel {
    /// The answer to a request of the upstream; nil for what needs none.
    func reply(to request: Message) -> [UInt8]? {
        guard let id = request.id else { return nil }
        return request.method == Method.ping ? Outgoing.emptyResult(id: id) : Outgoing.methodNotFound(id: id)
    }
}
