package import Governance
import Redis

/// Which nodes answer requests of a session whose stream another holds: one hash for each such session, a field for each node.
extension RedisSessionDirectory {
    /// Milliseconds for which a request may be answered; of what a dead node noted so much is left.
    private static let longestRequest: Int64 = 3_600_000

    package func begin(_ id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) -> Bool {
        let keys = tenants.keys(of: tenant)
        let reply = try await redis.run(
            scripts.sessions.streamBegin, keys: [keys.session(id), keys.requests(of: id)],
            arguments: [.text(node.text), .integer(Self.longestRequest)], idempotent: false)
        return reply.number == 1
    }

    package func end(_ id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) {
        let keys = tenants.keys(of: tenant)
        _ = try await redis.run(
            scripts.sessions.streamEnd, keys: [keys.requests(of: id)], arguments: [.text(node.text)], idempotent: false)
    }

    package func part(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> [NodeID] {
        let keys = tenants.keys(of: tenant)
        guard let principal = try await principal(of: id, keys) else { return [] }
        let message = ControlMessage.sessionEnded(id, tenant)
        let reply = try await redis.run(
            scripts.sessions.streamPart,
            keys: [keys.session(id), keys.sessions, keys.sessions(of: principal), keys.requests(of: id)],
            arguments: [.text(id.text), .text(names.control), .text(message.text)])
        guard let nodes = reply.elements else { throw .corrupt("stream_part") }
        return nodes.compactMap { $0.text.flatMap { NodeID($0) } }
    }
}
