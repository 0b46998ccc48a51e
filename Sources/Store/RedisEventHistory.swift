package import Events
package import Governance
package import Redis

/// The events that Redis keeps: a tenant's ledger and audit streams as one, by the counter that they share.
package struct RedisEventHistory: EventHistory {
    private let redis: RedisClient
    private let names: KeyNames
    private let script: Script

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.names = names
        script = scripts.events
    }

    package func sources() async throws(StoreError) -> [EventSource] {
        guard let members = try await redis.command(["SMEMBERS", .text(names.tenants)]).elements else { throw .corrupt("tenants") }
        return members.compactMap { $0.text.flatMap { TenantName($0) } }.map { EventSource($0) }.sorted() + [.none]
    }

    package func page(of source: EventSource, after seq: Int64, limit: Int) async throws(StoreError) -> EventPage {
        try await read(source, "up", from: String(seq + 1), limit)
    }

    package func newest(of source: EventSource, before seq: Int64?, limit: Int) async throws(StoreError) -> EventPage {
        var page = try await read(source, "down", from: seq.map { String($0 - 1) } ?? "+", limit)
        page.entries.reverse()
        return page
    }

    package func now() -> Int64 { redis.now() }

    private func read(
        _ source: EventSource, _ direction: String, from start: String, _ limit: Int
    ) async throws(StoreError) -> EventPage {
        let keys = source.tenant.map { tenant in
            let keys = names.keys(of: tenant)
            return [keys.audit, keys.head, keys.ledger]
        }
        let arguments: [RedisArgument] = [.text(direction), .text(start), .integer(Int64(limit))]
        let reply = try await redis.run(script, keys: keys ?? [names.audit], arguments: arguments)
        guard let parts = reply.elements, parts.count >= 3, parts.count % 2 == 1, let horizon = parts[1].number, let last = parts[2].number
        else { throw .corrupt("events of \(source)") }
        var entries: [EventPage.Entry] = []
        entries.reserveCapacity((parts.count - 3) / 2)
        for at in stride(from: 3, to: parts.count, by: 2) {
            guard let seq = parts[at].number, let text = parts[at + 1].bytes else { throw .corrupt("events of \(source)") }
            entries.append(.init(seq: seq, record: EventRecord(text)))
        }
        return EventPage(entries: entries, epoch: parts[0].text ?? "", horizon: horizon, last: last)
    }
}
