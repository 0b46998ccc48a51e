package import Governance
import Synchronization
package import Upstreams

/// The reference model of agents' sessions with upstreams: all nodes of a test share one.
package final class InMemoryUpstreamSessions: UpstreamSessions {
    private struct Key: Hashable {
        let tenant: TenantName
        let session: SessionID
    }

    private let lives: @Sendable (SessionID, TenantName) -> Bool
    private let watches = Mutex<[Key: [UpstreamName: [String: NodeID]]]>([:])
    private let ears = Mutex<[Key: [UpstreamName: EarClaim]]>([:])
    private let kept = Mutex<[Key: [UpstreamName: SessionTerms]]>([:])
    private let isAway = Mutex(false)

    /// Whether nothing can be looked up, as while Redis is out of reach.
    package func set(isAway: Bool) { self.isAway.withLock { $0 = isAway } }

    /// `lives` tells whether an agent's session has not ended yet.
    package init(lives: @escaping @Sendable (SessionID, TenantName) -> Bool = { _, _ in true }) { self.lives = lives }

    /// Of the agents' sessions in `sessions`.
    package convenience init(sessions: InMemorySessionDirectory) { self.init { sessions.lives($0, of: $1) } }

    package func find(_ upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError) -> SessionTerms? {
        if isAway.withLock({ $0 }) { throw .unavailable("away") }
        return kept.withLock { $0[Key(tenant: tenant, session: session)]?[upstream] }
    }

    package func keep(
        _ terms: SessionTerms, with upstream: UpstreamName, for session: SessionID, of tenant: TenantName, replacing: String?, cap: Int
    ) async throws(StoreError) -> Keeping {
        guard lives(session, tenant) else { return .sessionGone }
        return kept.withLock { kept in
            let current = kept[Key(tenant: tenant, session: session)]?[upstream]
            if let current, current != terms, current.id != replacing { return .existing(current) }
            if current == nil, Self.count(upstream, of: tenant, in: kept) >= cap { return .full }
            kept[Key(tenant: tenant, session: session), default: [:]][upstream] = terms
            return .kept
        }
    }

    package func take(from session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: SessionTerms] {
        kept.withLock { $0.removeValue(forKey: Key(tenant: tenant, session: session)) ?? [:] }
    }

    package func takeOrphans(of tenant: TenantName, limit: Int) async throws(StoreError) -> [OrphanedSession] {
        kept.withLock { kept in
            var orphans: [OrphanedSession] = []
            for (key, dialogues) in kept where key.tenant == tenant && !lives(key.session, tenant) {
                for (upstream, terms) in dialogues where orphans.count < limit {
                    orphans.append(OrphanedSession(upstream: upstream, terms: terms))
                    kept[key]?[upstream] = nil
                }
                if kept[key]?.isEmpty == true { kept[key] = nil }
            }
            return orphans
        }
    }

    package func claimEar(
        _ claim: EarClaim, on upstream: UpstreamName, for session: SessionID, of tenant: TenantName, insteadOf other: EarClaim?
    ) async throws(StoreError) -> EarClaim? {
        guard lives(session, tenant) else { return nil }
        return ears.withLock { ears in
            let key = Key(tenant: tenant, session: session)
            if let current = ears[key]?[upstream], current != claim, current != other { return current }
            ears[key, default: [:]][upstream] = claim
            return claim
        }
    }

    package func count(_ upstream: UpstreamName, of tenant: TenantName) async throws(StoreError) -> Int {
        kept.withLock { Self.count(upstream, of: tenant, in: $0) }
    }

    private static func count(_ upstream: UpstreamName, of tenant: TenantName, in kept: [Key: [UpstreamName: SessionTerms]]) -> Int {
        kept.count { $0.key.tenant == tenant && $0.value[upstream] != nil }
    }

    package func watch(
        _ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName, by node: NodeID, most: Int
    ) async throws(StoreError) -> Watching {
        guard lives(session, tenant) else { return .sessionGone }
        return watches.withLock { watches in
            var own = watches[Key(tenant: tenant, session: session)] ?? [:]
            guard own[upstream]?[uri] != nil || own.values.reduce(0, { $0 + $1.count }) < most else { return .full }
            own[upstream, default: [:]][uri] = node
            watches[Key(tenant: tenant, session: session)] = own
            return .noted
        }
    }

    package func unwatch(_ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError) {
        watches.withLock { _ = $0[Key(tenant: tenant, session: session)]?[upstream]?[uri] = nil }
    }

    package func isWatched(
        _ uri: String, of upstream: UpstreamName, by session: SessionID, of tenant: TenantName
    ) async throws(StoreError) -> Bool {
        try await watched(by: session, of: tenant)[upstream]?[uri] != nil
    }

    package func watched(by session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: [String: NodeID]] {
        guard lives(session, tenant) else { return [:] }
        return watches.withLock { $0[Key(tenant: tenant, session: session)] ?? [:] }.filter { !$0.value.isEmpty }
    }
}
