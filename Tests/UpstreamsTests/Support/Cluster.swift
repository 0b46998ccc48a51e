import Fixtures
import Foundation
import Governance
import Synchronization

@testable import Upstreams

/// What several nodes of one test share instead of Redis.
final class Cluster: Sendable {
    let directory = InMemoryCatalogueDirectory()
    let sessions = InMemoryUpstreamSessions()
    private let nodes: Mutex<[Catalogues]> = Mutex([])
    private let dead: Mutex<Set<NodeID>> = Mutex([])

    /// From now on the other nodes do not see this one.
    func lose(_ node: NodeID) { dead.withLock { _ = $0.insert(node) } }

    func isAlive(_ node: NodeID) -> Bool { !dead.withLock { $0.contains(node) } }

    /// Unix ms.
    static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    init() {
        directory.changes { [weak self] tenant, _ in
            for node in self?.nodes.withLock({ $0 }) ?? [] { node.changed(tenant) }
        }
    }

    func add(_ node: Catalogues) { nodes.withLock { $0.append(node) } }
}
