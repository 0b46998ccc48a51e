package import HTTPWire
package import NIOCore

/// What one agent, and all agents together, may take of the agents' port.
package struct ListenerLimits: Sendable {
    /// Bytes of a request's body.
    package var body = 4 << 20
    /// What may stand ahead of the body.
    package var http = HTTPLimits()
    /// In which a TLS handshake is over, and from the beginning of a head to its end.
    package var headTime: TimeAmount = .seconds(10)
    /// In which a body has come; it is given a second more for each `Self.bodyRate` bytes that came.
    package var bodyTime: TimeAmount = .seconds(30)
    /// After which a connection without a request is closed. Longer than balancers keep theirs (60 s as a rule), so that none sends a request
    /// on a connection that is just being closed.
    package var idleTime: TimeAmount = .seconds(75)
    /// After which an agent that takes nothing of what was written for it is cut off.
    package var stallTime: TimeAmount = .seconds(30)
    /// Requests of one connection; 0: any number.
    package var requests = 100_000
    /// Connections that are open at once.
    package var connections = 20_000
    /// Those of one address; of IPv6, of one network of 64 bits. A balancer is one address.
    package var connectionsPerAddress = 10_000

    /// Bytes a second at which a body is never too slow.
    static let bodyRate = 32 << 10

    /// The defaults.
    package init() {}

    /// With no more connections than three quarters of the process' `descriptors`: the others are for Redis, upstreams and operators.
    func within(descriptors: Int) -> ListenerLimits {
        var limits = self
        limits.connections = min(connections, max(1, descriptors / 4 * 3))
        return limits
    }
}
