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

    @Test("the list is told again only when it has changed")
    func unchanged() async throws {
        let client = try await SharedRedis.client
        let names = try #require(KeyNames(prefix: "nodes-\(NodeID().text):"))
        let registries = (0..<3).map { _ in RedisNodeRegistry(redis: client, names: names) }
        let nodes = (0..<3).map { _ in NodeID() }
        for (registry, node) in zip(registries, nodes) { _ = try await registry.beat(node) }
        for registry in registries.indices {
            #expect(try await Set(registries[registry].beat(nodes[registry])) == Set(nodes))
            #expect(try await Set(registries[registry].beat(nodes[registry])) == Set(nodes))
        }
        let version = try await client.send(["ZSCORE", .text(names.nodes), "version"])
        let reply = try await client.evaluate(
            StoreScripts.embedded.beat, keys: [names.nodes], arguments: [.text(nodes[0].text), 3_000, .text(try #require(version.text))])
        #expect(reply.elements == [version])
        try await registries[2].leave(nodes[2])
        #expect(try await Set(registries[0].beat(nodes[0])) == Set(nodes[..<2]))
        #expect(try await RedisNodeMonitor(redis: client, names: names).nodes().map(\.id) == nodes[..<2].sorted())
    }

    @Test("a list that Redis has lost is made anew, and never taken for the one that was known")
    func lost() async throws {
        let client = try await SharedRedis.client
        let names = try #require(KeyNames(prefix: "nodes-\(NodeID().text):"))
        let (one, other) = (RedisNodeRegistry(redis: client, names: names), RedisNodeRegistry(redis: client, names: names))
        let (first, second) = (NodeID(), NodeID())
        _ = try await other.beat(second)
        #expect(try await Set(one.beat(first)) == [first, second])
        _ = try await client.send(["DEL", .text(names.nodes)])
        #expect(try await one.beat(first) == [first])
        #expect(try await Set(other.beat(second)) == [first, second])
        #expect(try await Set(one.beat(first)) == [first, second])
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
