/// A master of a cluster as it stands.
package struct Shard: Sendable, Hashable {
    package let master: ServerAddress
    /// How many of the 16,384 slots it owns.
    package let slots: Int
    /// True where it could answer at once, as far as is known.
    package let isReachable: Bool
}
