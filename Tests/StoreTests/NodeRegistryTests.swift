import Governance
import Redis
import Store
import Testing

@Suite("The nodes that live", .serialized)
struct NodeRegistryTests {
    @Test("a node is listed while it beats and until it leaves")
    func beat() async throws {
        let client = try await SharedRedis.client
        let names = try #require(KeyNames(prefix: "nodes-\(NodeID().text):"))
        let registry = RedisNodeRegistry(redis: client, names: names, scripts: .watched)
        let (one, other) = (NodeID(), NodeID())
        #expect(try await registry.beat(one) == [one])
        #expect(Set(try await registry.beat(other)) == [one, other])
        try await registry.leave(one)
        #expect(try await registry.beat(other) == [other])
    }

    @Test("a node that has been silent for too long is forgotten")
    func silence() async throws {
        let client = try await SharedRedis.client
        let names = try #require(KeyNames(prefix: "nodes-\(NodeID().text):"))
        let registry = RedisNodeRegistry(redis: client, names: names, patience: 0)
        _ = try await registry.beat(NodeID())
        try await client.outliveNow()
        let other = NodeID()
        #expect(try await registry.beat(other) == [other])
    }
}
