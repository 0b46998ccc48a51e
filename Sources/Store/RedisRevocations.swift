import Events
package import Governance
package import Redis

/// The revoked tokens in Redis: a sorted set of their ids for each tenant, which the ledger's reserve looks into as well.
package struct RedisRevocations: Revocations {
    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts
    /// Who revokes, where it is a node.
    private let node: NodeID?

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, node: NodeID? = nil) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
        self.node = node
    }

    package func revoke(_ revocation: Revocation, of tenant: TenantName) async throws(StoreError) -> RevocationOutcome {
        let keys = names.keys(of: tenant)
        let ends: RedisArgument = if let ends = revocation.ends { .integer(ends) } else { "" }
        let reply = try await redis.run(
            scripts.revoke, keys: [keys.revoked, keys.revokedEnds, keys.head, keys.audit, keys.ledger],
            arguments: [
                .text(revocation.token.text), ends, .integer(Revocation.shortestMemory),
                .bytes(EventFragments.data(["source": .text(revocation.source), "by": .text(revocation.operator)])),
                .bytes(EventFragments.who(session: nil, token: revocation.token, tenant: tenant, node: node)), .text(keys.events),
                .text(names.control), .text(ControlMessage.tokenRevoked(revocation.token, tenant).text),
            ])
        guard let outcome = reply.text.flatMap(RevocationOutcome.init(rawValue:)) else { throw .corrupt("revoke") }
        return outcome
    }

    package func revoked(of tenant: TenantName, after place: Int64?) async throws(StoreError) -> RevokedIDs {
        let from: RedisArgument = if let place { .integer(place) } else { "" }
        let reply = try await redis.run(scripts.revoked, keys: [names.keys(of: tenant).revoked], arguments: [from])
        guard let elements = reply.elements, elements.count >= 2, let count = elements[0].number, let last = elements[1].text else {
            throw .corrupt("revoked")
        }
        let ids = elements.dropFirst(2).compactMap { $0.text.flatMap { TokenID($0) } }
        return RevokedIDs(ids: ids, place: Int64(last) ?? Double(last).flatMap { Int64(exactly: $0.rounded(.down)) }, count: Int(count))
    }
}
