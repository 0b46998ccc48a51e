package import Governance
import Redis

/// Which nodes answer requests of a session whose stream another holds: one hash for each such session, a field `<node>:<request>` for each.
extension RedisSessionDirectory {
    /// Milliseconds for which a request may be answered; of what a dead node noted so much is left.
    private static let longestRequest: Int64 = 3_600_000

    package func begin(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) -> Bool {
        let keys = tenants.keys(of: tenant)
        let reply = try await redis.run(
            scripts.sessions.streamBegin, keys: [keys.session(id), keys.requests(of: id)],
            arguments: [Self.field(request, node), .integer(Self.longestRequest)])
        return reply.number == 1
    }

    package func end(_ request: CallID, in id: SessionID, of tenant: TenantName, at node: NodeID) async throws(StoreError) {
        _ = try await redis.command(["HDEL", .text(tenants.keys(of: tenant).requests(of: id)), Self.field(request, node)])
    }

    package func part(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Set<NodeID> {
        let keys = tenants.keys(of: tenant)
        guard let principal = try await principal(of: id, keys) else { return [] }
        let message = ControlMessage.sessionEnded(id, tenant)
        let reply = try await redis.run(
            scripts.sessions.streamPart,
            keys: [keys.session(id), keys.sessions, keys.sessions(of: principal), keys.requests(of: id)],
            arguments: [.text(id.text), .text(names.control), .text(message.text)])
        guard let fields = reply.elements else { throw .corrupt("stream_part") }
        return Set(fields.compactMap { $0.text?.split(separator: ":").first.flatMap { NodeID(String($0)) } })
    }

    private static func field(_ request: CallID, _ node: NodeID) -> RedisArgument { .text("\(node.text):\(request.text)") }
}
