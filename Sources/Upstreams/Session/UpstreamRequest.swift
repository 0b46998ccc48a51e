import MCPWire

/// What is asked of an upstream; its session puts it in the words of its era.
enum UpstreamRequest: Sendable {
    /// An agent's request and what it is about at the upstream. `caller` is who makes it; nil where the upstream is to know of nobody.
    case forward(ForwardedRequest, to: Target, caller: Caller?)
    /// One page of the list that the method asks for.
    case list(_ method: String, cursor: String?)
    /// To log what is of this level or above.
    case setLevel(LogLevel)
    /// To tell of changes of the resource of this URI, as the upstream knows it, or not to any more.
    case watch(_ uri: String, Bool)

    /// The agent's request in it.
    var call: ForwardedRequest? { if case .forward(let call, _, _) = self { call } else { nil } }

    /// Who makes it.
    var caller: Caller? { if case .forward(_, _, let caller) = self { caller } else { nil } }

    /// What its maker says of itself.
    var profile: ClientProfile? { caller?.profile }

    /// Its method.
    var method: String {
        switch self {
        case .forward(let call, _, _): call.method
        case .list(let method, _): method
        case .setLevel: Method.setLevel
        case .watch(_, let isWanted): isWanted ? Method.subscribe : Method.unsubscribe
        }
    }

    /// The message, of a revision with a handshake, or without one where it says who the `sender` is, if not the agent.
    func message(id: Int, sender: Sender? = nil) -> [UInt8] {
        switch self {
        case .forward(let call, let target, let caller):
            call.forwarded(
                id: id, name: target.tool, sender: sender.map { Sender(of: caller, orOf: $0) },
                trace: caller?.replacesTrace == true ? caller?.trace : nil)
        case .list(let method, let cursor): Outgoing.list(method, id: id, cursor: cursor, sender: sender)
        case .setLevel(let level): Outgoing.request(method, id: id, of: ("level", level.rawValue))
        case .watch(let uri, _): Outgoing.request(method, id: id, of: ("uri", uri))
        }
    }

    /// The headers that say which trace it belongs to.
    var traceHeaders: [HeaderLine] { caller?.trace?.headers ?? [] }

    /// All headers of a request of a revision without a handshake, but for its method.
    var headers: [HeaderLine] {
        guard caller?.trace != nil else { return mirroredHeaders }
        return mirroredHeaders + traceHeaders
    }

    /// The headers that repeat parts of the message where there is no handshake, but for its method.
    var mirroredHeaders: [HeaderLine] {
        guard case .forward(let call, let target, let caller) = self else { return [] }
        let known = call.mirroredHeaders(name: target.tool, target.mirrored)
        guard let caller, !caller.parameters.isEmpty else { return known }
        let names = Set((known.map(\.name) + target.mirrored.map(\.header)).map { $0.lowercased() })
        return known + caller.parameters.filter { !names.contains($0.name.lowercased()) }
    }
}

extension Sender {
    /// The agent where it is known, else the gateway.
    fileprivate init(of caller: Caller?, orOf gateway: Sender) {
        guard let caller, let profile = caller.profile else {
            self = gateway
            return
        }
        self.init(revision: gateway.revision, profile: profile, logLevel: caller.logLevel)
    }
}
