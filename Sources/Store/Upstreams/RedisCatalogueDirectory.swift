import Events
package import Governance
package import Redis
package import Upstreams

/// What is known of tenants' upstreams, in Redis: one hash per tenant with a record and a stamp for each upstream, and who has the care.
package final class RedisCatalogueDirectory: CatalogueDirectory {
    /// A record above this is refused, in bytes: two of them still fit one reply.
    package static let largestRecord = 24 << 20
    /// Records beyond this many bytes in one reply wait for the next.
    private static let replySize = 16 << 20
    /// A record may be megabytes, which a slow link takes longer for than for a call's few bytes.
    private static let timeout = Duration.seconds(10)

    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: CatalogueScripts
    private let tenants: TenantKeyCache

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.names = names
        self.scripts = scripts.catalogue
        tenants = TenantKeyCache(names)
    }

    package func care(for tenant: TenantName, by node: NodeID, lease: Int64) async throws(StoreError) -> TenantCare {
        let reply = try await redis.run(scripts.care, keys: keys(tenant), arguments: [.text(node.text), .integer(lease)])
        guard let elements = reply.elements, elements.count == 2, let fence = elements[0].number, let version = elements[1].number else {
            throw .corrupt("care")
        }
        return TenantCare(fence: fence < 0 ? nil : fence, version: version)
    }

    package func release(_ tenant: TenantName, by node: NodeID) async throws(StoreError) {
        _ = try await redis.run(scripts.release, keys: keys(tenant), arguments: [.text(node.text)] + message(tenant))
    }

    package func read(_ tenant: TenantName, knowing known: [UpstreamName: Int64]) async throws(StoreError) -> CatalogueState {
        var known = known
        var found: [UpstreamName: [UInt8]] = [:]
        // Each turn brings a record at least; only one who writes faster than this reads could keep it from its end.
        for _ in 0..<256 {
            var arguments: [RedisArgument] = [.integer(Int64(Self.replySize))]
            for (upstream, stamp) in known { arguments += [.text(upstream.text), .integer(stamp)] }
            let page = try CataloguePage(
                try await redis.run(scripts.read, keys: keys(tenant), arguments: arguments, timeout: Self.timeout))
            for (upstream, record) in page.records {
                found[upstream] = record
                known[upstream] = page.stamps[upstream]
            }
            guard page.stamps.allSatisfy({ known[$0.key] == $0.value }) else { continue }
            let records = found.filter { page.stamps[$0.key] != nil }
            return CatalogueState(version: page.version, changed: try await Self.decoded(records), stamps: page.stamps)
        }
        throw .unavailable("the catalogue changes faster than it can be read")
    }

    package func write(
        _ record: UpstreamRecord, of upstream: UpstreamName, tenant: TenantName, fence: Int64, isVisible: Bool
    ) async throws(StoreError) -> Bool {
        let bytes = try await Self.encoded(record)
        let arguments: [RedisArgument] = [.integer(fence), .text(upstream.text), .bytes(bytes), isVisible ? 1 : 0]
        let reply = try await redis.run(
            scripts.write, keys: keys(tenant), arguments: arguments + message(tenant), timeout: Self.timeout)
        return reply.number == 1
    }

    package func keep(only upstreams: [UpstreamName], of tenant: TenantName, fence: Int64) async throws(StoreError) -> Bool {
        let arguments: [RedisArgument] = [.integer(fence)] + message(tenant) + upstreams.map { .text($0.text) }
        return try await redis.run(scripts.keep, keys: keys(tenant), arguments: arguments).number == 1
    }

    package func suspect(_ upstream: UpstreamName, of tenant: TenantName) async throws(StoreError) {
        let message = ControlMessage.upstreamSuspected(tenant, upstream).text
        _ = try await redis.command(["PUBLISH", .text(names.control), .text(message)])
    }

    package func approve(
        _ tool: String?, of upstream: UpstreamName, tenant: TenantName, by operator: String
    ) async throws(StoreError) -> Bool {
        let tenantKeys = tenants.keys(of: tenant)
        let told: [RedisArgument] = [
            .text(tenantKeys.events), .bytes(EventFragments.who(session: nil, token: nil, tenant: tenant, node: nil)),
            .bytes(
                EventFragments.data(
                    tool.map { ["upstream": .text(upstream.text), "tool": .text($0), "by": .text(`operator`)] }
                        ?? ["upstream": .text(upstream.text), "by": .text(`operator`)])),
        ]
        // Whoever writes in between makes one more turn needed.
        for _ in 0..<16 {
            let reply = try await redis.command(
                ["HMGET", .text(tenantKeys.catalogue), .text("s:\(upstream)"), .text("r:\(upstream)")], timeout: Self.timeout)
            guard let fields = reply.elements, fields.count == 2 else { throw .corrupt("catalogue") }
            guard let stamp = fields[0].number else { return false }
            guard let bytes = fields[1].bytes else { throw .corrupt("record of \(upstream)") }
            let before = try await Self.decoded([upstream: bytes])[upstream]
            guard var record = before, record.approve(tool) else { return false }
            if record == before { return true }
            let arguments: [RedisArgument] = [.text(upstream.text), .integer(stamp), .bytes(try await Self.encoded(record))]
            let written = try await redis.run(
                scripts.approve, keys: keys(tenant) + [tenantKeys.head, tenantKeys.audit, tenantKeys.ledger],
                arguments: arguments + message(tenant) + told, timeout: Self.timeout)
            if written.number == 1 { return true }
        }
        throw .unavailable("the record of \(upstream) changes faster than it can be approved")
    }

    private func keys(_ tenant: TenantName) -> [String] { [tenants.keys(of: tenant).catalogue] }

    /// Where a change is told, and what is told up to the version.
    private func message(_ tenant: TenantName) -> [RedisArgument] {
        [.text(names.control), .text(ControlMessage.catalogueChange(of: tenant))]
    }
}

// MARK: Records

extension RedisCatalogueDirectory {
    /// Ten thousand definitions take long enough to read that an event loop must not do it.
    private static func decoded(_ records: [UpstreamName: [UInt8]]) async throws(StoreError) -> [UpstreamName: UpstreamRecord] {
        try await withTaskExecutorPreference(globalConcurrentExecutor) { () throws(StoreError) in
            var decoded: [UpstreamName: UpstreamRecord] = [:]
            for (upstream, bytes) in records {
                do throws(StoreError) { decoded[upstream] = try UpstreamRecordCodec.decode(bytes) } catch {
                    throw StoreError.corrupt("record of \(upstream): \(error)")
                }
            }
            return decoded
        }
    }

    private static func encoded(_ record: UpstreamRecord) async throws(StoreError) -> [UInt8] {
        let bytes = await withTaskExecutorPreference(globalConcurrentExecutor) { UpstreamRecordCodec.encode(record) }
        guard bytes.count <= largestRecord else { throw .corrupt("a record of \(bytes.count) bytes") }
        return bytes
    }
}

/// One reply of the reading script.
private struct CataloguePage {
    let version: Int64
    var stamps: [UpstreamName: Int64] = [:]
    var records: [UpstreamName: [UInt8]] = [:]

    init(_ reply: RedisValue) throws(StoreError) {
        guard let elements = reply.elements, elements.count % 3 == 1, let version = elements[0].number else { throw .corrupt("catalogue") }
        self.version = version
        for index in stride(from: 1, to: elements.count, by: 3) {
            guard let upstream = elements[index].text.flatMap({ UpstreamName($0) }), let stamp = elements[index + 1].number else {
                throw .corrupt("catalogue")
            }
            stamps[upstream] = stamp
            if let bytes = elements[index + 2].bytes { records[upstream] = bytes }
        }
    }
}
