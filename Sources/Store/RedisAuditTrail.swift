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
        let (keys, channel) =
            if let tenant = event.tenant {
                (names.keys(of: tenant).streams, names.events(of: tenant))
            } else {
                ([names.audit], names.events(of: nil))
            }
        _ = try await redis.run(
            scripts.record, keys: keys, arguments: [.text(channel)] + event.record(at: redis.now()), idempotent: false)
    }
}

extension TenantKeys {
    /// What the recording script is given: audit stream, head, ledger.
    var streams: [String] { [audit, head, ledger] }
}

extension Event {
    /// What the recording script is given of it: whether to keep it, type, time (unix milliseconds), who, data.
    func record(at time: Int64) -> [RedisArgument] {
        let who = EventFragments.who(session: session, token: token, budget: budget, tenant: tenant, node: node)
        return [kind.isStored ? 1 : 0, .text(kind.rawValue), .integer(time), .bytes(who), .bytes(EventFragments.data(data))]
    }
}
