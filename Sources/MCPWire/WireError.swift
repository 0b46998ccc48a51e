/// Why bytes are not a message of the protocol; the id is given where the message could still be answered by it.
package enum WireError: Error, Sendable, Hashable {
    /// Not JSON, not UTF-8, or nested too deep (-32700).
    case malformed
    /// JSON, but no single JSON-RPC message, or one that says a key twice (-32600).
    case invalidRequest(RequestID?)
    /// A message whose params do not fit its method, with what is wrong (-32602).
    case invalidParams(RequestID?, String)
}
