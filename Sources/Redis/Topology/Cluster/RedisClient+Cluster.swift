import NIOCore
import Synchronization

/// What only a cluster has.
extension RedisClient {
    private var cluster: ClusterTopology? { topology as? ClusterTopology }

    /// True where slots have owners of their own, and what is published to a channel by SPUBLISH stays with the owner of its slot.
    package var isSharded: Bool {
        if case .cluster = configuration.place { true } else { false }
    }

    /// True where the owner of the key's slot could answer at once, as far as is known.
    package func canReach(key: String) -> Bool { topology.canReach(HashSlot(key: key.utf8)) }

    /// The masters of a cluster; nil where Redis is none.
    package var shards: [Shard]? { cluster?.state.withLock { $0.shards } }

    /// Sends a command to that master of the cluster, whatever its keys; not repeated.
    package func send(_ arguments: [RedisArgument], to shard: Shard) async throws(RedisError) -> RedisValue {
        guard let pool = cluster?.state.withLock({ $0.pool(at: shard.master) }) else {
            throw .notSent("the server is none of the cluster's masters")
        }
        return try await pool.send(EncodedCommand(arguments), deadline: .now() + TimeAmount(configuration.commandTimeout)).value
    }

    /// The master that owns the key's slot, where Redis is a cluster and that is known.
    package func owner(of key: String) -> ServerAddress? {
        guard isSharded else { return nil }
        let slot = HashSlot(key: key.utf8)
        return cluster?.state.withLock { state in state.map.owner(of: slot).map { state.map.masters[$0].address } }
    }
}
