package import Governance
import Redis
package import Upstreams

/// What agents watch stands in their sessions' own hashes, and ends with them: fields `watch <upstream> <uri>`, with the
/// node that watches.
extension RedisUpstreamSessions {
    package func watch(
        _ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName, by node: NodeID, most: Int
    ) async throws(StoreError) -> Watching {
        let reply = try await redis.run(
            scripts.dialogue.watch, keys: [tenants.keys(of: tenant).session(session)],
            arguments: [
                .text(Self.field(uri, upstream)), .integer(Int64(most)), .text(node.text), .text(names.control),
                .text(ControlMessage.watchesChanged(session, tenant).text),
            ])
        return switch reply.number {
        case 1: .noted
        case 0: .full
        default: .sessionGone
        }
    }

    package func unwatch(_ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError) {
        _ = try await redis.run(
            scripts.dialogue.unwatch, keys: [tenants.keys(of: tenant).session(session)],
            arguments: [
                .text(Self.field(uri, upstream)), .text(names.control), .text(ControlMessage.watchesChanged(session, tenant).text),
            ])
    }

    package func isWatched(
        _ uri: String, of upstream: UpstreamName, by session: SessionID, of tenant: TenantName
    ) async throws(StoreError) -> Bool {
        let key = tenants.keys(of: tenant).session(session)
        return try await redis.command(["HEXISTS", .text(key), .text(Self.field(uri, upstream))]).number == 1
    }

    package func watched(by session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: [String: NodeID]] {
        let reply = try await redis.command(["HGETALL", .text(tenants.keys(of: tenant).session(session))])
        guard let fields = reply.elements else { throw .corrupt("session") }
        var found: [UpstreamName: [String: NodeID]] = [:]
        for at in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let field = fields[at].text, let node = fields[at + 1].text.flatMap({ NodeID($0) }) else { continue }
            let parts = field.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "watch", let upstream = UpstreamName(parts[1]) else { continue }
            found[upstream, default: [:]][String(parts[2])] = node
        }
        return found
    }

    private static func field(_ uri: String, _ upstream: UpstreamName) -> String { "watch \(upstream.text) \(uri)" }
}
