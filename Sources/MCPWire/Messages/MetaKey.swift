/// Keys of `_meta` that satgate reads or writes.
package enum MetaKey {
    /// What begins so is the gateway's own and never passes it in either direction.
    package static let ours = "io.satgate/"
    package static let cost = "io.satgate/cost"
    /// In a result: why the call would have been refused, had its account been strict.
    package static let warning = "io.satgate/warning"
    /// In what an upstream asks an agent: who asks.
    package static let upstream = "io.satgate/upstream"
    package static let idempotencyKey = "io.satgate/idempotencyKey"
    /// What begins so is the protocol's own: each sender of a request without a handshake says it of itself.
    package static let protocols = "io.modelcontextprotocol/"
    package static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
    package static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
    package static let clientInfo = "io.modelcontextprotocol/clientInfo"
    package static let logLevel = "io.modelcontextprotocol/logLevel"
    /// W3C trace context, which has no prefix.
    package static let traceParent = "traceparent"
    package static let traceState = "tracestate"
    package static let subscriptionID = "io.modelcontextprotocol/subscriptionId"
    package static let serverInfo = "io.modelcontextprotocol/serverInfo"
    /// Where SatGate's stdio clients put the agent's macaroon.
    package static let token = "token"
}
