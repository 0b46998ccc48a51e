import Governance
import Redis

/// The nodes' own channels, as those who send to a node see them.
///
/// On a cluster they are sharded: what is published to one stays with the owner of its slot, and only the sender knows how to find it, no script.
struct NodeChannels: Sendable {
    private let client: RedisClient
    private let names: KeyNames

    init(_ client: RedisClient, names: KeyNames) {
        self.client = client
        self.names = names
    }

    /// False when the node does not listen; true too where that cannot be told.
    func send(_ message: NodeMessage, to node: NodeID) async throws(StoreError) -> Bool {
        let channel = names.node(node)
        guard client.isSharded else { return try await publish("PUBLISH", channel, message) }
        guard client.canReach(key: channel) else { return try await broadcast(channel, message) }
        do { return try await publish("SPUBLISH", channel, message) } catch {
            guard case .unavailable = error else { throw error }
            return try await broadcast(channel, message)
        }
    }

    /// Where the channel's shard is gone the node still hears what all servers tell each other; how many there hear it nobody counts.
    private func broadcast(_ channel: String, _ message: NodeMessage) async throws(StoreError) -> Bool {
        _ = try await publish("PUBLISH", channel, message)
        return true
    }

    private func publish(_ command: RedisArgument, _ channel: String, _ message: NodeMessage) async throws(StoreError) -> Bool {
        guard case .integer(let receivers) = try await client.command([command, .text(channel), .bytes(message.bytes)]) else {
            throw .corrupt("PUBLISH")
        }
        return receivers > 0
    }
}
