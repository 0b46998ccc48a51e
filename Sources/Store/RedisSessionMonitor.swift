import Events
import FoundationEssentials
package import Governance
package import Redis

/// Sessions in Redis as an operator sees and ends them: their ids from the list by expiry, the rest from their hashes.
package struct RedisSessionMonitor: SessionMonitor {
    /// Hashes that one script reads.
    private static let batch = 100

    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts
    /// Told in the events; nil where no node ends the session.
    private let node: NodeID?

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, node: NodeID? = nil) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
        self.node = node
    }

    package func list(
        of tenant: TenantName, in order: SessionOrder, after cursor: SessionCursor?, limit: Int
    ) async throws(StoreError) -> SessionPage {
        let keys = names.keys(of: tenant)
        let place: RedisArgument = if let cursor { .integer(cursor.expires) } else { "" }
        let reply = try await redis.run(
            scripts.sessions.page, keys: [keys.sessions],
            arguments: [order == .recent ? 1 : 0, place, .text(cursor?.id.text ?? ""), .integer(Int64(limit))])
        guard let elements = reply.elements, elements.count.isMultiple(of: 2) else { throw .corrupt("session_page") }
        let found = stride(from: 0, to: elements.count, by: 2).compactMap { index -> SessionCursor? in
            guard let id = elements[index].text.flatMap({ SessionID($0) }), let expires = elements[index + 1].number else { return nil }
            return SessionCursor(expires: expires, id: id)
        }
        var sessions: [ObservedSession] = []
        for start in stride(from: 0, to: found.count, by: Self.batch) {
            sessions += try await look(found[start..<min(start + Self.batch, found.count)].map(\.id), tenant)
        }
        return SessionPage(sessions: sessions, next: found.count < limit ? nil : found.last)
    }

    package func close(_ id: SessionID, of tenant: TenantName, by operator: String) async throws(StoreError) -> Bool {
        let keys = names.keys(of: tenant)
        let principal = try await redis.command(["HGET", .text(keys.session(id)), "principal"]).text.flatMap { TokenID($0) }
        guard let principal else { return false }
        let reply = try await redis.run(
            scripts.sessions.end,
            keys: [keys.session(id), keys.sessions, keys.sessions(of: principal), keys.head, keys.audit, keys.ledger],
            arguments: [
                .text(id.text), .text(names.control), .text(ControlMessage.sessionEnded(id, tenant).text), .text(keys.events),
                .bytes(EventFragments.who(session: id, token: principal, tenant: tenant, node: node)),
                .bytes(EventFragments.data(["by": .text(`operator`)])),
            ], idempotent: false)
        return reply.number == 1
    }

    /// Those of the sessions that are there still.
    private func look(_ ids: [SessionID], _ tenant: TenantName) async throws(StoreError) -> [ObservedSession] {
        let keys = names.keys(of: tenant)
        let fields = SessionFields.names + SessionFields.counts
        let reply = try await redis.run(
            scripts.sessions.look, keys: [keys.sessions] + ids.map(keys.session),
            arguments: [.integer(Int64(fields.count))] + fields + ids.map { .text($0.text) })
        guard let rows = reply.elements, rows.count == ids.count else { throw .corrupt("session_look") }
        var sessions: [ObservedSession] = []
        for (id, row) in zip(ids, rows) {
            let values = row.elements ?? []
            guard values.count == fields.count + 1, let expires = values[0].number else { continue }
            // One that cannot be read hides no other.
            guard let session = try? SessionFields.session(id, of: tenant, in: Array(values[1...])) else { continue }
            sessions.append(ObservedSession(session, expires: expires, Array(values[(SessionFields.names.count + 1)...])))
        }
        return sessions
    }
}

extension ObservedSession {
    /// The session with `SessionFields.counts`.
    fileprivate init(_ session: Session, expires: Int64, _ counts: [RedisValue]) {
        let described = session.clientInfo.flatMap { try? JSONDecoder().decode(ClientInfo.self, from: Data($0.utf8)) }
        self.init(
            session: session, agent: described?.name ?? session.client, agentVersion: described?.version,
            node: (counts[0].text ?? counts[4].text).flatMap { NodeID($0) } ?? session.owner, opened: counts[1].number, expires: expires,
            calls: counts[2].number ?? 0, credits: counts[3].number.flatMap { Credits(micros: $0) } ?? .zero)
    }
}

/// What a client says of itself, as far as it is shown.
private struct ClientInfo: Decodable {
    let name: String?
    let version: String?
}
