import Synchronization

/// One term in which this node looks after a tenant's upstreams; it ends when another node takes over.
final class Care: Sendable {
    /// Proves to the store that a write belongs to this term.
    let fence: Int64
    private let over = Atomic(false)

    init(fence: Int64) { self.fence = fence }

    var isOver: Bool { over.load(ordering: .relaxed) }

    /// From now on nothing is begun under it.
    func end() { over.store(true, ordering: .relaxed) }
}
