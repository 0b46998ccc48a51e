package import HTTPWire
package import NIOCore

/// The bounds of one event loop's connections to one destination.
package struct PoolLimits: Sendable {
    /// Open connections at most, those being opened included.
    package var connections = 256
    /// Calls that may wait for one of them.
    package var waiting = 1024
    /// How long an unused connection is kept.
    package var idle: TimeAmount = .seconds(50)
    /// Name resolution, TCP and TLS handshake together.
    package var connect: TimeAmount = .seconds(5)
    /// The bytes of a response's header fields.
    package var head = 64 * 1024
    /// Who reads the responses.
    package var codec = HTTPCodec.bytes

    /// The defaults.
    package init() {}
}
