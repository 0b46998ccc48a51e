import Governance
import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite("The live nodes")
struct LiveNodesTests {
    @Test("exactly two of five nodes sweep for each tenant, and all get some")
    func twoSweepers() async throws {
        let ids = (0..<5).map { _ in NodeID() }
        let views = ids.map { LiveNodes(node: $0, registry: FixedRegistry(ids), logger: Logger(label: "test")) }
        for view in views { await view.beat() }
        var sweeping = [Int](repeating: 0, count: ids.count)
        for number in 0..<200 {
            let tenant = try #require(TenantName("t\(number)"))
            let sweepers = views.indices.filter { views[$0].sweeps(tenant) }
            #expect(sweepers.count == 2)
            for sweeper in sweepers { sweeping[sweeper] += 1 }
        }
        #expect(sweeping.allSatisfy { $0 > 0 })
    }

    @Test("who sweeps for a tenant is found anew when the nodes are others")
    func changes() async throws {
        let ids = (0..<5).map { _ in NodeID() }
        let tenants = try (0..<50).map { try #require(TenantName("t\($0)")) }
        for id in ids {
            let registry = ChangingRegistry(ids)
            let view = LiveNodes(node: id, registry: registry, logger: Logger(label: "test"))
            await view.beat()
            let before = tenants.filter { view.sweeps($0) }
            #expect(before.count < tenants.count)
            registry.become([id])
            await view.beat()
            #expect(tenants.allSatisfy { view.sweeps($0) })
            registry.become(ids)
            await view.beat()
            #expect(tenants.filter { view.sweeps($0) } == before)
        }
    }

    @Test("a node that is alone sweeps for every tenant")
    func alone() async throws {
        let id = NodeID()
        let view = LiveNodes(node: id, registry: FixedRegistry([]), logger: Logger(label: "test"))
        await view.beat()
        #expect(view.sweeps(try #require(TenantName("acme"))))
    }
}

/// A registry in which the same nodes always live.
private struct FixedRegistry: NodeRegistry {
    let nodes: [NodeID]
    init(_ nodes: [NodeID]) { self.nodes = nodes }
    func beat(_ node: NodeID) async throws(StoreError) -> [NodeID] { nodes }
    func leave(_ node: NodeID) async throws(StoreError) {}
}

/// A registry in which other nodes live when a test says so.
private final class ChangingRegistry: NodeRegistry {
    private let nodes: Mutex<[NodeID]>
    init(_ nodes: [NodeID]) { self.nodes = Mutex(nodes) }
    func become(_ nodes: [NodeID]) { self.nodes.withLock { $0 = nodes } }
    func beat(_ node: NodeID) async throws(StoreError) -> [NodeID] { nodes.withLock { $0 } }
    func leave(_ node: NodeID) async throws(StoreError) {}
}
