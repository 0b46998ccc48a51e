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

    /// Unix ms.
    static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    init() {
        directory.changes { [weak self] tenant, _ in
            for node in self?.nodes.withLock({ $0 }) ?? [] { node.changed(tenant) }
        }
    }

    func add(_ node: Catalogues) { nodes.withLock { $0.append(node) } }
}
