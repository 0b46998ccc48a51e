import Events
package import Governance
package import Redis

/// Tenants' documents in Redis: one hash each, and the set of their names.
///
/// The set is in another slot than the tenants' keys, so it is written by commands of its own: before a document is, and after it is
/// gone. A name without a document means nothing.
package final class RedisTenantStore: TenantAdmin {
    private let redis: RedisClient
    private let keyNames: KeyNames

    /// False where the tenant is kept at a shard that cannot be reached now, while others may be.
    func canReach(_ name: TenantName) -> Bool { !redis.isSharded || redis.canReach(key: keyNames.keys(of: name).tenant) }

    private let scripts: StoreScripts
    /// Told in the events; nil where no node makes the change.
    private let node: NodeID?
    /// Who makes the change, for the events; nil where that is a node.
    private let `operator`: String?

    package init(
        redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, node: NodeID? = nil, operator: String? = nil
    ) {
        self.operator = `operator`
        self.redis = redis
        keyNames = names
        self.scripts = scripts
        self.node = node
    }

    package func acting(as operator: String) -> any TenantAdmin {
        RedisTenantStore(redis: redis, names: keyNames, scripts: scripts, node: node, operator: `operator`)
    }

    package func apply(
        _ tenant: Tenant, as source: StoredTenant.Source, yielding: Bool, replacing version: Int64?
    ) async throws(StoreError) -> TenantApplication {
        try await enlist(tenant.name)
        let limits = Self.limits(of: tenant)
        let accounts = limits.map { keyNames.keys(of: tenant.name).account($0.account) }
        let reply = try await redis.run(
            scripts.tenantApply, keys: keys(of: tenant.name) + accounts,
            arguments: [
                .text(TenantCodec.text(of: tenant)), .text(source.rawValue), yielding ? 1 : 0, .text(CallID().text),
                .bytes(who(tenant.name)), .text(keyNames.events(of: tenant.name)), .text(keyNames.control), .text(message(tenant.name)),
                .bytes(why), version.map { .integer($0) } ?? "",
            ] + limits.flatMap { [.text($0.account.text), .integer($0.limit.micros)] })
        guard let elements = reply.elements, elements.count == 2, let version = elements[1].number,
            let outcome = elements[0].text.flatMap(TenantApplication.Outcome.init(rawValue:))
        else { throw .corrupt("tenant_apply") }
        // A deletion under way may have struck the name off meanwhile.
        try await enlist(tenant.name)
        return TenantApplication(outcome, version: version)
    }

    package func delete(_ name: TenantName, of source: StoredTenant.Source?) async throws(StoreError) -> Bool {
        let reply = try await redis.run(
            scripts.tenantDelete, keys: keys(of: name),
            arguments: [
                .text(source?.rawValue ?? ""), .bytes(who(name)), .text(keyNames.events(of: name)), .text(keyNames.control),
                .text(message(name)), .bytes(why),
            ], idempotent: false)
        let key = keyNames.keys(of: name).tenant
        if try await redis.command(["EXISTS", .text(key)]).number == 0 {
            _ = try await redis.command(["SREM", .text(keyNames.tenants), .text(name.text)])
            // One that was applied meanwhile keeps its name.
            if try await redis.command(["EXISTS", .text(key)]).number != 0 { try await enlist(name) }
        }
        return reply.number == 1
    }

    package func find(_ name: TenantName) async throws(StoreError) -> StoredTenant? {
        guard let entry = try await entry(name) else { return nil }
        return StoredTenant(
            tenant: try entry.tenant(name), version: entry.version, source: entry.source, updatedAt: entry.updatedAt)
    }

    package func names() async throws(StoreError) -> [TenantName] {
        guard let members = try await redis.command(["SMEMBERS", .text(keyNames.tenants)]).elements else { throw .corrupt("tenants") }
        return members.compactMap { $0.text.flatMap { TenantName($0) } }.sorted { $0.text < $1.text }
    }

    /// The document before it is read; nil where there is none.
    func entry(_ name: TenantName) async throws(StoreError) -> Entry? {
        let key = keyNames.keys(of: name).tenant
        let reply = try await redis.command(["HMGET", .text(key), "document", "version", "source", "updatedAt"])
        guard let fields = reply.elements, fields.count == 4 else { throw .corrupt("tenant") }
        if fields.allSatisfy({ $0 == .null }) { return nil }
        guard let document = fields[0].text, let version = fields[1].number, let updatedAt = fields[3].number,
            let source = fields[2].text.flatMap(StoredTenant.Source.init(rawValue:))
        else { throw .corrupt("tenant \(name)") }
        return Entry(document: document, version: version, source: source, updatedAt: updatedAt)
    }

    /// What the hash holds.
    struct Entry {
        let document: String
        let version: Int64
        let source: StoredTenant.Source
        let updatedAt: Int64

        /// The document, which must be of the tenant it stands under.
        func tenant(_ name: TenantName) throws(StoreError) -> Tenant {
            let tenant = try TenantCodec.tenant(in: document)
            guard tenant.name == name else { throw .corrupt("tenant document: name: another tenant's") }
            return tenant
        }
    }

    private func enlist(_ name: TenantName) async throws(StoreError) {
        _ = try await redis.command(["SADD", .text(keyNames.tenants), .text(name.text)])
    }

    private func keys(of name: TenantName) -> [String] {
        let keys = keyNames.keys(of: name)
        return [keys.tenant, keys.head, keys.audit, keys.ledger]
    }

    /// What the document states of accounts' limits.
    private static func limits(of tenant: Tenant) -> [(account: AccountName, limit: Credits)] {
        let budgets = tenant.budgets.sorted { $0.key.text < $1.key.text }.map { (AccountName.budget($0.key), $0.value.limit) }
        return (tenant.cap.map { [(.tenant, $0.limit)] } ?? []) + budgets
    }

    private var why: [UInt8] {
        guard let `operator` else { return Array("\"by\":null".utf8) }
        return EventFragments.data(["by": .text(`operator`)])
    }
    private func who(_ name: TenantName) -> [UInt8] { EventFragments.who(session: nil, token: nil, tenant: name, node: node) }
    private func message(_ name: TenantName) -> String { ControlMessage.tenantChanged(name).text }
}
