package import Events
package import Governance
package import Redis

/// Writes single events to the tenant's audit stream.
package struct RedisAuditTrail: AuditTrail {
    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
    }

    package func record(_ event: Event) async throws(StoreError) {
        let (keys, channel) = names.recording(of: event.tenant)
        _ = try await redis.run(
            scripts.record, keys: keys, arguments: [.text(channel)] + event.record(at: redis.now()), idempotent: false)
    }
}

extension KeyNames {
    /// What the recording script is given for the tenant's events, or those of none: the audit stream and, of a tenant, head and ledger; and
    /// the channel.
    func recording(of tenant: TenantName?) -> (keys: [String], channel: String) {
        guard let tenant else { return ([audit], events(of: nil)) }
        let keys = keys(of: tenant)
        return ([keys.audit, keys.head, keys.ledger], keys.events)
    }
}

extension Event {
    /// What the recording script is given of it: whether to keep it, type, time (unix milliseconds), who, data.
    func record(at time: Int64) -> [RedisArgument] {
        let who = EventFragments.who(session: session, token: token, budget: budget, tenant: tenant, node: node)
        return [kind.isStored ? 1 : 0, .text(kind.rawValue), .integer(time), .bytes(who), .bytes(EventFragments.data(data))]
    }
}
