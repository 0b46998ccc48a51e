package import Governance
package import Redis

/// The living nodes in Redis: a sorted set by the last heartbeat on Redis' own clock.
package final class RedisNodeRegistry: NodeRegistry {
    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts
    /// Milliseconds after which a silent node counts as dead.
    private let patience: Int64

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, patience: Int64 = 3_000) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
        self.patience = patience
    }

    package func beat(_ node: NodeID) async throws(StoreError) -> [NodeID] {
        let reply = try await redis.run(scripts.beat, keys: [names.nodes], arguments: [.text(node.text), .integer(patience)])
        guard let nodes = reply.elements else { throw .corrupt("nodes") }
        return nodes.compactMap { $0.text.flatMap { NodeID($0) } }
    }

    package func leave(_ node: NodeID) async throws(StoreError) {
        _ = try await redis.command(["ZREM", .text(names.nodes), .text(node.text)])
    }
}
