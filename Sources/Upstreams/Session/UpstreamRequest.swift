import MCPWire

/// What is asked of an upstream; its session puts it in the words of its era.
enum UpstreamRequest: Sendable {
    /// An agent's request, what it is about named as the upstream does; the upstream wants these arguments repeated in headers.
    case forward(ForwardedRequest, name: String, mirrored: [MirroredParameter])
    /// One page of the list that the method asks for.
    case list(_ method: String, cursor: String?)

    /// The agent's request in it.
    var call: ForwardedRequest? { if case .forward(let call, _, _) = self { call } else { nil } }

    /// Its method.
    var method: String {
        switch self {
        case .forward(let call, _, _): call.method
        case .list(let method, _): method
        }
    }

    /// The message, of a revision with a handshake, or without one where it says who the `sender` is.
    func message(id: Int, sender: Sender? = nil) -> [UInt8] {
        switch self {
        case .forward(let call, let name, _): call.forwarded(id: id, name: name, sender: sender)
        case .list(let method, let cursor): Outgoing.list(method, id: id, cursor: cursor, sender: sender)
        }
    }

    /// The headers that repeat parts of the message where there is no handshake, but for its method.
    var mirroredHeaders: [HeaderLine] {
        guard case .forward(let call, let name, let mirrored) = self else { return [] }
        return call.mirroredHeaders(name: name, mirrored)
    }
}
