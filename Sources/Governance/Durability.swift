/// When what a call has changed in the books counts as written.
package enum Durability: Sendable, Hashable {
    /// As soon as the master has it.
    case async
    /// As soon as so many replicas have it too, which is waited for `timeout` milliseconds.
    case durable(replicas: Int, timeout: Int64)

    /// How many replicas where the document does not say.
    package static let usualReplicas = 1
    /// How long is waited where the document does not say, milliseconds.
    package static let usualTimeout: Int64 = 1_000
    /// The most replicas that a document may ask for.
    package static let mostReplicas = 16
    /// The longest that a document may have a call wait, milliseconds.
    package static let longestTimeout: Int64 = 30_000
}
