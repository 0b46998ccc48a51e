package import Governance
package import Logging
import ServiceLifecycle
import Synchronization

/// Tells the cluster every second that this node lives, and knows who else does.
package final class LiveNodes: Service {
    private let node: NodeID
    private let registry: any NodeRegistry
    private let logger: Logger
    private struct State {
        var nodes: [NodeID]
        /// Whether this node sweeps for a tenant, as long as the nodes are the same: to find out takes a look at all of them.
        var sweeps: [TenantName: Bool] = [:]
    }

    private let state: Mutex<State>
    private let lastBeat = Mutex<ContinuousClock.Instant?>(nil)

    package init(node: NodeID, registry: any NodeRegistry, logger: Logger) {
        self.node = node
        self.registry = registry
        self.logger = logger
        state = Mutex(State(nodes: [node]))
    }

    /// The nodes seen at the last heartbeat, this one included.
    package var current: [NodeID] { state.withLock { $0.nodes } }

    /// How long ago Redis last took a heartbeat; nil before the first.
    package var silence: Duration? { lastBeat.withLock { $0 }.map { .now - $0 } }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.beat()
                try? await Task.sleep(for: .seconds(1))
            }
        }
        try? await registry.leave(node)
    }

    /// True when this node is one of the two that sweep for the tenant: the two highest rendezvous hashes.
    func sweeps(_ tenant: TenantName) -> Bool {
        state.withLock { state in
            if let known = state.sweeps[tenant] { return known }
            let mine = rendezvous(node, tenant)
            let isMine = state.nodes.count { $0 != node && rendezvous($0, tenant) > mine } < 2
            state.sweeps[tenant] = isMine
            return isMine
        }
    }

    func beat() async {
        do {
            let alive = try await registry.beat(node)
            lastBeat.withLock { $0 = .now }
            let nodes = alive.contains(node) ? alive : alive + [node]
            state.withLock { if $0.nodes != nodes { $0 = State(nodes: nodes) } }
        } catch {
            logger.debug("heartbeat not sent", metadata: ["error": "\(error)"])
        }
    }
}

/// The weight of a node for a tenant, the same on every node: 64-bit FNV-1a.
private func rendezvous(_ node: NodeID, _ tenant: TenantName) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in node.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for byte in tenant.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 29) &* 0xbf58_476d_1ce4_e5b9
}
