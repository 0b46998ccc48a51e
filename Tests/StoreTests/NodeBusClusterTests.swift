import Events
import Fixtures
import Gateway
import Governance
import Redis
import Store
import Testing

@Suite("The nodes' bus on a cluster", .serialized, .timeLimit(.minutes(3)))
struct NodeBusClusterTests {
    @Test("a node is told by the shard of its channel alone, through a slot that moves, a failover, and the loss of the shard")
    func shard() async throws {
        let cluster = try await RedisCluster(["--cluster-require-full-coverage", "no"])
        try await withClient(at: cluster.url) { client in
            let bus = RedisNodeBus(client, names: .standard)
            let node = NodeID()
            let channel = KeyNames.standard.node(node)
            let (session, receiver) = (SessionID(), RecordingReceiver())
            let listening = Task { try await bus.run(as: node, receiver: receiver) }
            defer { listening.cancel() }
            func isTaken(_ text: String) async throws -> Bool {
                guard try await bus.deliver(Array(text.utf8), to: session, at: node) else { return false }
                return await eventually(within: .seconds(2)) { receiver.messages.contains("\(session) \(text)") }
            }
            #expect(try await eventually { try await isTaken("first") })
            #expect(try await bus.deliver([1], to: session, at: NodeID()) == false)
            #expect(shards(cluster, of: channel) == [try #require(cluster.master(of: channel))])
            let target = try await cluster.moveSlot(of: channel)
            #expect(await eventually { (try? await isTaken("moved")) == true })
            #expect(await eventually { shards(cluster, of: channel) == [target] })
            let replica = try #require(cluster.replica(of: target))
            cluster.instances.kill(target)
            _ = try await cluster.successor(of: target, for: channel)
            #expect(await eventually { (try? await isTaken("after the failover")) == true })
            // The common channel may have carried that.
            #expect(await eventually { shards(cluster, of: channel) == [replica] })
            // Nobody is left to take over: what all servers tell each other carries it.
            cluster.instances.kill(replica)
            #expect(await eventually(within: .seconds(20)) { (try? await isTaken("by all")) == true })
        }
    }

    @Test("what every node is to know reaches those that listen at other servers")
    func control() async throws {
        let cluster = try await RedisCluster()
        try await withClient(at: cluster.url) { client in
            let bus = RedisNodeBus(client, names: .standard)
            let directory = RedisSessionDirectory(redis: client)
            let receivers = (0..<6).map { _ in RecordingReceiver() }
            let listening = receivers.map { receiver in Task { try await bus.run(as: NodeID(), receiver: receiver) } }
            defer { for each in listening { each.cancel() } }
            #expect(await eventually { receivers.allSatisfy(\.isReady) })
            let session = Session(id: SessionID(), tenant: try .fresh(), principal: .sample("a"), transport: .streamable)
            #expect(
                try await eventually {
                    try await directory.open(session)
                    _ = try await directory.close(session.id, of: session.tenant)
                    return await eventually(within: .seconds(1)) { receivers.allSatisfy { $0.ended.contains(session.id) } }
                })
        }
    }

    @Test("events of a shard that is gone wait, and keep no others waiting")
    func events() async throws {
        let cluster = try await RedisCluster(["--cluster-require-full-coverage", "no"])
        try await withClient(at: cluster.url) { client in
            let names = KeyNames.standard
            let gone = try TenantName.fresh()
            let old = try #require(cluster.master(of: names.keys(of: gone).audit))
            var other = try TenantName.fresh()
            while cluster.master(of: names.keys(of: other).audit) == old { other = try TenantName.fresh() }
            cluster.instances.kill(try #require(cluster.replica(of: old)))
            cluster.instances.kill(old)
            let sink = RedisEventSink(redis: client, names: names, logger: quiet)
            let running = Task { await sink.run() }
            defer { running.cancel() }
            for number in 0..<5 {
                for tenant in [gone, other] {
                    sink.publish(Event(.upstreamUp, tenant: tenant, node: .sample, data: ["n": .integer(Int64(number))]))
                }
            }
            let audit = names.keys(of: other).audit
            #expect(await eventually { ((try? await client.events(in: audit)) ?? []).count == 5 })
            #expect(sink.queue.count == 5)
            try await cluster.instances.restart(old)
            #expect(await eventually(within: .seconds(30)) { sink.queue.count == 0 })
            #expect(try await client.events(in: names.keys(of: gone).audit).count == 5)
        }
    }

    /// The servers at which the sharded channel is listened to.
    private func shards(_ cluster: RedisCluster, of channel: String) -> [Int] {
        cluster.instances.ports.indices.filter { cluster.instances.lines($0, "PUBSUB", "SHARDNUMSUB", channel).last == "1" }
    }
}
