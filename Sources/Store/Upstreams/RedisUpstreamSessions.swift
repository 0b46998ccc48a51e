package import Governance
package import Redis
package import Upstreams

/// Agents' sessions with upstreams, in Redis: a hash per agent's session, and a list of these by when to look whether they have expired.
///
/// The hash outlives the agent's session, so that whoever sweeps can close what is in it.
package final class RedisUpstreamSessions: UpstreamSessions {
    let redis: RedisClient
    let scripts: StoreScripts
    let tenants: TenantKeyCache
    let names: KeyNames

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded) {
        self.redis = redis
        self.scripts = scripts
        self.names = names
        tenants = TenantKeyCache(names)
    }

    package func find(_ upstream: UpstreamName, for session: SessionID, of tenant: TenantName) async throws(StoreError) -> SessionTerms? {
        let key = tenants.keys(of: tenant).dialogue(session)
        switch try await redis.command(["HGET", .text(key), .text(upstream.text)]) {
        case .null: return nil
        case .string(let line): return try SessionTermsText.terms(line)
        default: throw .corrupt("dialogue")
        }
    }

    package func keep(
        _ terms: SessionTerms, with upstream: UpstreamName, for session: SessionID, of tenant: TenantName, replacing: String?, cap: Int
    ) async throws(StoreError) -> Keeping {
        let keys = tenants.keys(of: tenant)
        let reply = try await redis.run(
            scripts.dialogue.keep, keys: [keys.session(session), keys.dialogue(session), keys.dialogues, keys.dialogueCounts],
            arguments: [
                .text(session.text), .text(upstream.text), .text(SessionTermsText.text(of: terms)),
                .text(SessionTermsText.beginning(id: replacing)), .integer(Int64(cap)),
            ])
        let elements = reply.elements ?? []
        switch elements.first?.text {
        case "kept": return .kept
        case "full": return .full
        case "session_gone": return .sessionGone
        case "existing":
            guard elements.count == 2, let line = elements[1].bytes else { throw .corrupt("dialogue") }
            return .existing(try SessionTermsText.terms(line))
        default: throw .corrupt("dialogue")
        }
    }

    package func take(from session: SessionID, of tenant: TenantName) async throws(StoreError) -> [UpstreamName: SessionTerms] {
        let taken = try await take([session], of: tenant, limit: .max, evenIfAlive: true)
        return Dictionary(taken.map { ($0.upstream, $0.terms) }) { first, _ in first }
    }

    package func takeOrphans(of tenant: TenantName, limit: Int) async throws(StoreError) -> [OrphanedSession] {
        let reply = try await redis.run(
            scripts.due, keys: [tenants.keys(of: tenant).dialogues], arguments: [.integer(Int64(min(max(0, limit), 1_000)))])
        guard let elements = reply.elements, elements.first?.number != nil else { throw .corrupt("dialogues") }
        let sessions = elements.dropFirst().compactMap { $0.text.flatMap { SessionID($0) } }
        return sessions.isEmpty ? [] : try await take(sessions, of: tenant, limit: Int32(clamping: limit), evenIfAlive: false)
    }

    package func claimEar(
        _ claim: EarClaim, on upstream: UpstreamName, for session: SessionID, of tenant: TenantName, insteadOf other: EarClaim?
    ) async throws(StoreError) -> EarClaim? {
        let keys = tenants.keys(of: tenant)
        let reply = try await redis.run(
            scripts.dialogue.ear, keys: [keys.session(session), keys.ears(session)],
            arguments: [.text(upstream.text), .text(claim.text), .text(other?.text ?? ""), 120_000])
        guard let text = reply.text else { throw .corrupt("ear_claim") }
        if text.isEmpty { return nil }
        guard let found = EarClaim(text) else { throw .corrupt("ear_claim") }
        return found
    }

    package func count(_ upstream: UpstreamName, of tenant: TenantName) async throws(StoreError) -> Int {
        switch try await redis.command(["HGET", .text(tenants.keys(of: tenant).dialogueCounts), .text(upstream.text)]) {
        case .null: return 0
        case let reply:
            guard let count = reply.number.flatMap({ Int(exactly: $0) }) else { throw .corrupt("number of dialogues") }
            return count
        }
    }

    /// Takes out upstream sessions of these agents' sessions.
    private func take(
        _ sessions: [SessionID], of tenant: TenantName, limit: Int32, evenIfAlive: Bool
    ) async throws(StoreError) -> [OrphanedSession] {
        let keys = tenants.keys(of: tenant)
        let reply = try await redis.run(
            scripts.dialogue.take,
            keys: [keys.dialogues, keys.dialogueCounts] + sessions.flatMap { [keys.session($0), keys.dialogue($0)] },
            arguments: [.integer(Int64(limit)), evenIfAlive ? 1 : 0] + sessions.map { .text($0.text) }, idempotent: false)
        guard let elements = reply.elements, elements.count.isMultiple(of: 2) else { throw .corrupt("dialogues") }
        var taken: [OrphanedSession] = []
        for index in stride(from: 0, to: elements.count, by: 2) {
            // What cannot be read cannot be closed either; it must not keep the others from it.
            guard let upstream = elements[index].text.flatMap({ UpstreamName($0) }), let line = elements[index + 1].bytes,
                let terms = try? SessionTermsText.terms(line)
            else { continue }
            taken.append(OrphanedSession(upstream: upstream, terms: terms))
        }
        return taken
    }
}

extension EarClaim {
    /// `<node> <session id>`.
    fileprivate var text: String { "\(node.text) \(id)" }

    fileprivate init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let node = NodeID(parts[0]) else { return nil }
        self.init(node: node, id: String(parts[1]))
    }
}
