import FoundationEssentials
package import Governance
package import Redis

/// The nodes in Redis as an operator sees them: the sorted set of heartbeats, and for each node a text of its own in another slot.
package struct RedisNodeMonitor: NodeMonitor {
    /// Milliseconds after which a silent node counts as dead.
    private static let patience: Int64 = 3_000
    /// Milliseconds that facts outlive their node.
    private static let memory: Int64 = 5_000

    private let redis: RedisClient
    private let names: KeyNames

    package init(redis: RedisClient, names: KeyNames = .standard) {
        self.redis = redis
        self.names = names
    }

    package func nodes() async throws(StoreError) -> [ObservedNode] {
        let oldest = redis.now() - Self.patience
        let reply = try await redis.command([
            "ZRANGE", .text(names.nodes), .integer(oldest), "+inf", "BYSCORE", "WITHSCORES",
        ])
        guard let elements = reply.elements else { throw .corrupt("nodes") }
        var nodes: [ObservedNode] = []
        for (id, beat) in Self.beats(elements) {
            let text = try await redis.command(["GET", .text(names.facts(of: id))]).text
            let facts = text.flatMap { try? JSONDecoder().decode(Facts.self, from: Data($0.utf8)) }
            nodes.append(ObservedNode(id: id, lastSeen: beat, facts: facts?.facts))
        }
        return nodes.sorted { $0.id < $1.id }
    }

    package func tell(_ facts: NodeFacts, of node: NodeID) async throws(StoreError) {
        guard let text = try? JSONEncoder().encode(Facts(facts)) else { return }
        _ = try await redis.command([
            "SET", .text(names.facts(of: node)), .bytes(Array(text)), "PX", .integer(Self.memory),
        ])
    }

    private static func beats(_ elements: [RedisValue]) -> [(NodeID, Int64)] {
        stride(from: 0, to: elements.count - 1, by: 2).compactMap { index in
            guard let id = elements[index].text.flatMap({ NodeID($0) }), let beat = elements[index + 1].number else { return nil }
            return (id, beat)
        }
    }
}

/// A node's facts as they are kept.
private struct Facts: Codable {
    let host: String
    let version: String
    let started: Int64
    let streams: Int
    let calls: Int
    let memory: Int64

    init(_ facts: NodeFacts) {
        host = facts.host
        version = facts.version
        started = facts.started
        streams = facts.streams
        calls = facts.calls
        memory = facts.memory
    }

    var facts: NodeFacts { NodeFacts(host: host, version: version, started: started, streams: streams, calls: calls, memory: memory) }
}
