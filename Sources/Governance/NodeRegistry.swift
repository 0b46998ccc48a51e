/// The nodes that live now.
package protocol NodeRegistry: Sendable {
    /// Tells the others that this node lives, and learns who else does (heartbeat at most 3 s old), itself included.
    func beat(_ node: NodeID) async throws(StoreError) -> [NodeID]
    /// Takes this node off the list.
    func leave(_ node: NodeID) async throws(StoreError)
}
