/// Keys of `_meta` that satgate reads or writes.
package enum MetaKey {
    /// What begins so is the gateway's own and never passes it in either direction.
    package static let ours = "io.satgate/"
    package static let cost = "io.satgate/cost"
    package static let idempotencyKey = "io.satgate/idempotencyKey"
    package static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
    package static let serverInfo = "io.modelcontextprotocol/serverInfo"
    /// Where SatGate's stdio clients put the agent's macaroon.
    package static let token = "token"
}
