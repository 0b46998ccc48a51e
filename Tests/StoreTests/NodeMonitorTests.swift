import Governance
import Redis
import Store
import Testing

@Suite("The nodes as an operator sees them")
struct NodeMonitorTests {
    @Test("nodes that live are shown with what they say of themselves, those that leave are not")
    func nodes() async throws {
        let client = try await SharedRedis.client
        let names = try #require(KeyNames(prefix: "facts-\(NodeID().text):"))
        let registry = RedisNodeRegistry(redis: client, names: names)
        let monitor = RedisNodeMonitor(redis: client, names: names)
        #expect(try await monitor.nodes() == [])
        let ids = [NodeID(), NodeID()].sorted()
        let facts = NodeFacts(host: "a \"host\"", version: "1", started: 1_800_000_000_000, streams: 3, calls: 4, memory: 1 << 40)
        for id in ids { _ = try await registry.beat(id) }
        try await monitor.tell(facts, of: ids[1])
        // Both beat, for a heartbeat counts for three seconds and this machine may be busy.
        let shown = try await monitor.nodes()
        for id in ids { _ = try await registry.beat(id) }
        let now = try await client.serverTime()
        #expect(shown.map(\.id) == ids && shown.map(\.facts) == [nil, facts])
        #expect(shown.allSatisfy { (now - 30_000...now).contains($0.lastSeen) })
        try await registry.leave(ids[0])
        _ = try await registry.beat(ids[1])
        #expect(try await monitor.nodes().map(\.id) == [ids[1]])
        let life = try #require(try await client.send(["PTTL", .text(names.facts(of: ids[1]))]).number)
        #expect(life > 0 && life <= 5_000)
    }
}
