/// Why bytes are no HTTP/1.1 message that this node takes.
package enum HTTPViolation: Error, Sendable, Hashable {
    /// Against the grammar, or framed so that two readers could take it differently.
    case malformed
    /// The request's target is longer than allowed.
    case targetTooLong
    /// The header fields, or the trailer fields, are longer or more than allowed.
    case fieldsTooLarge
}
