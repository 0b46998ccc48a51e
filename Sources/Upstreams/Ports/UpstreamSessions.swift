package import Governance

/// Where the dedicated upstream sessions of agents' sessions are kept, so that any node goes on with them.
package protocol UpstreamSessions: ResourceWatches {
    /// The session with that upstream, if one is kept.
    func find(_ upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError) -> SessionTerms?
    /// Keeps a session that this node has opened. `replacing` is the id of the one it is opened in place of, which the upstream no longer
    /// knows. At most `cap` are kept per upstream.
    func keep(
        _ terms: SessionTerms, with upstream: UpstreamName, for session: SessionID, of tenant: TenantName, replacing: String?, cap: Int
    ) async throws(StoreError) -> Keeping
    /// Takes out and answers all that are kept for an agent's session that ends, for the caller to close.
    func take(from session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: SessionTerms]
    /// Takes out and answers at most `limit` whose agents' sessions have expired, for the caller to close.
    func takeOrphans(of tenant: TenantName, limit: Int) async throws(StoreError) -> [OrphanedSession]
    /// Has this node listen in the agent's session with the upstream, or go on to, where nobody does, or the one that is named; answers who
    /// does now, nil where the agent's session has ended. A claim is forgotten after two minutes.
    func claimEar(
        _ claim: EarClaim, on upstream: UpstreamName, for session: SessionID, of tenant: TenantName, insteadOf other: EarClaim?
    ) async throws(StoreError) -> EarClaim?
    /// How many are kept for that upstream.
    func count(_ upstream: UpstreamName, of tenant: TenantName) async throws(StoreError) -> Int
}

/// What came of keeping an upstream session.
package enum Keeping: Sendable, Hashable {
    case kept
    /// Another node was faster: this one is to be used, the caller's own closed.
    case existing(SessionTerms)
    /// As many as may be are kept already.
    case full
    /// The agent's session has ended meanwhile.
    case sessionGone
}

/// An upstream session whose agent is gone.
package struct OrphanedSession: Sendable, Hashable {
    package let upstream: UpstreamName
    package let terms: SessionTerms

    package init(upstream: UpstreamName, terms: SessionTerms) {
        self.upstream = upstream
        self.terms = terms
    }
}

/// Which node hears what an upstream says in a session outside of its answers.
package struct EarClaim: Sendable, Hashable {
    package let node: NodeID
    /// The session's id at the upstream.
    package let id: String

    package init(node: NodeID, id: String) {
        self.node = node
        self.id = id
    }
}
