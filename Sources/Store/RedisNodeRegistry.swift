package import Governance
package import Redis
import Synchronization

/// The living nodes in Redis: a sorted set by the last heartbeat on Redis' own clock.
///
/// The list comes only when it has changed: told at each heartbeat, what Redis sends would grow with the square of the nodes.
package final class RedisNodeRegistry: NodeRegistry {
    private struct List {
        /// Empty: none is known.
        var version = ""
        var nodes: [NodeID] = []
    }

    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts
    /// Milliseconds after which a silent node counts as dead.
    private let patience: Int64
    private let known = Mutex(List())

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, patience: Int64 = 3_000) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
        self.patience = patience
    }

    package func beat(_ node: NodeID) async throws(StoreError) -> [NodeID] {
        let before = known.withLock { $0 }
        let reply = try await redis.run(
            scripts.beat, keys: [names.nodes], arguments: [.text(node.text), .integer(patience), .text(before.version)])
        guard let elements = reply.elements, let version = elements.first?.text else { throw .corrupt("nodes") }
        guard version != before.version else { return before.nodes }
        let nodes = elements.dropFirst().compactMap { $0.text.flatMap { NodeID($0) } }
        known.withLock { $0 = List(version: version, nodes: nodes) }
        return nodes
    }

    package func leave(_ node: NodeID) async throws(StoreError) {
        // Without its version the list is another to all.
        _ = try await redis.command(["ZREM", .text(names.nodes), .text(node.text), "version"])
    }
}
