package import Gateway
package import Governance
package import Redis

/// The address book in Redis: in the session's own hash, so that it lives and ends with it.
package final class RedisAddressBook: AddressBook {
    private let redis: RedisClient
    private let scripts: StoreScripts
    private let tenants: TenantKeyCache
    /// Fields that a session's hash may have.
    private let mostFields: Int64 = 1_024

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.scripts = scripts
        tenants = TenantKeyCache(names)
    }

    package func note(
        _ uris: [NamedURI], of upstream: UpstreamName, in session: SessionID, of tenant: TenantName
    ) async throws(StoreError) -> Set<String> {
        let reply = try await redis.run(
            scripts.addressNote, keys: [tenants.keys(of: tenant).session(session)],
            arguments: [.text(upstream.text), .integer(mostFields)] + uris.flatMap { [$0.isTaken ? 1 : 0, .text($0.uri)] })
        guard let places = reply.elements?.map(\.number) else { throw .corrupt("address_note") }
        var prefixed: Set<String> = []
        for place in places {
            guard let place, place > 0, place <= uris.count else { throw .corrupt("address_note") }
            prefixed.insert(uris[Int(place) - 1].uri)
        }
        return prefixed
    }

    package func find(_ uri: String, in session: SessionID, of tenant: TenantName) async throws(StoreError) -> HandedURI? {
        switch try await redis.command(["HGET", .text(tenants.keys(of: tenant).session(session)), .text("@" + uri)]) {
        case .null: return nil
        case let reply:
            guard let text = reply.text else { throw .corrupt("address") }
            let isPrefixed = text.hasPrefix("+")
            guard let upstream = UpstreamName(text.dropFirst(isPrefixed ? 1 : 0)) else { throw .corrupt("address") }
            return HandedURI(upstream: upstream, isPrefixed: isPrefixed)
        }
    }
}
