package import Governance

/// Which resources agents want to know the changes of, kept in their sessions.
package protocol ResourceWatches: Sendable {
    /// Notes one, by the URI that the upstream knows, and the node that watches it; a session has at most `most` of them. All nodes learn
    /// where one watches now that did not.
    func watch(
        _ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName, by node: NodeID, most: Int
    ) async throws(StoreError) -> Watching
    /// Forgets it, and tells all nodes.
    func unwatch(_ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError)
    /// Whether this one is noted.
    func isWatched(_ uri: String, of upstream: UpstreamName, by session: SessionID, of tenant: TenantName) async throws(StoreError) -> Bool
    /// All of a session, by upstream and URI, with the node that watches each.
    func watched(by session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: [String: NodeID]]
}

/// What came of noting a resource.
package enum Watching: Sendable, Hashable {
    case noted
    /// As many as may be are noted already.
    case full
    case sessionGone
}
