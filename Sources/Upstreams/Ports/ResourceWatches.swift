package import Governance

/// Which resources agents want to know the changes of, kept in their sessions.
package protocol ResourceWatches: Sendable {
    /// Notes one, by the URI that the upstream knows; a session has at most `most` of them.
    func watch(
        _ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName, most: Int
    ) async throws(StoreError) -> Watching
    /// Forgets it.
    func unwatch(_ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError)
    /// All of a session, by upstream.
    func watched(by session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: [String]]
}

/// What came of noting a resource.
package enum Watching: Sendable, Hashable {
    case noted
    /// As many as may be are noted already.
    case full
    case sessionGone
}
