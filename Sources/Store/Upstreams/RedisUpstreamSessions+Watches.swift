package import Governance
import Redis
package import Upstreams

/// What agents watch stands in their sessions' own hashes, and ends with them: fields `watch <upstream> <uri>`.
extension RedisUpstreamSessions {
    package func watch(
        _ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName, most: Int
    ) async throws(StoreError) -> Watching {
        let reply = try await redis.run(
            scripts.dialogue.watch, keys: [tenants.keys(of: tenant).session(session)],
            arguments: [.text(Self.field(uri, upstream)), .integer(Int64(most))])
        return switch reply.number {
        case 1: .noted
        case 0: .full
        default: .sessionGone
        }
    }

    package func unwatch(_ uri: String, of upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError) {
        _ = try await redis.run(
            scripts.dialogue.unwatch, keys: [tenants.keys(of: tenant).session(session)], arguments: [.text(Self.field(uri, upstream))])
    }

    package func watched(by session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: [String]] {
        let reply = try await redis.command(["HKEYS", .text(tenants.keys(of: tenant).session(session))])
        guard let fields = reply.elements else { throw .corrupt("session") }
        var found: [UpstreamName: [String]] = [:]
        for field in fields.compactMap(\.text) {
            let parts = field.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "watch", let upstream = UpstreamName(parts[1]) else { continue }
            found[upstream, default: []].append(String(parts[2]))
        }
        return found
    }

    private static func field(_ uri: String, _ upstream: UpstreamName) -> String { "watch \(upstream.text) \(uri)" }
}
