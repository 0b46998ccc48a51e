import Fixtures
import Governance
import MCPWire
import Redis
import Store
import Testing
import Upstreams

/// An implementation of the upstream sessions that the conformance suite runs on.
struct DialogueUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable () async throws -> DialogueWorld

    static let all =
        [
            DialogueUnderTest(testDescription: "in memory") { try DialogueWorld.inMemory() },
            DialogueUnderTest(testDescription: "Redis, its keys watched") { try await DialogueWorld.redis(SharedRedis.client, .watched) },
        ]
        + RedisTopology.allCases.map { topology in
            DialogueUnderTest(testDescription: topology.testDescription) { try await DialogueWorld.redis(SharedRedis.client(of: topology)) }
        }
}

/// Upstream sessions with the agents' sessions they belong to, and one tenant who has none.
struct DialogueWorld: Sendable {
    let tenant: TenantName
    let dialogues: any UpstreamSessions
    let sessions: any SessionDirectory
    /// Lets all that an expiry of these sessions brings with it come due.
    let expire: @Sendable ([SessionID]) async throws -> Void

    static func inMemory() throws -> DialogueWorld {
        let tenant = try TenantName.fresh()
        let sessions = InMemorySessionDirectory(clock: ManualClock())
        return DialogueWorld(tenant: tenant, dialogues: InMemoryUpstreamSessions(sessions: sessions), sessions: sessions) {
            for session in $0 { _ = try await sessions.close(session, of: tenant) }
        }
    }

    static func redis(_ client: RedisClient, _ scripts: StoreScripts = .embedded) throws -> DialogueWorld {
        let tenant = try TenantName.fresh()
        let keys = KeyNames.standard.keys(of: tenant)
        return DialogueWorld(
            tenant: tenant, dialogues: RedisUpstreamSessions(redis: client, scripts: scripts),
            sessions: RedisSessionDirectory(redis: client, scripts: scripts)
        ) {
            for session in $0 { _ = try await client.send(["DEL", .text(keys.session(session))]) }
            // The half hour is over.
            for id in try await client.send(["ZRANGE", .text(keys.dialogues), "0", "-1"]).elements?.compactMap(\.text) ?? [] {
                _ = try await client.send(["ZADD", .text(keys.dialogues), "1", .text(id)])
            }
        }
    }

    /// A new session of an agent.
    func session() async throws -> SessionID {
        let session = Session(id: SessionID(), tenant: tenant, principal: .sample("a"), transport: .streamable)
        try await sessions.open(session)
        return session.id
    }

    func find(_ session: SessionID, _ upstream: UpstreamName = .sample) async throws -> SessionTerms? {
        try await dialogues.find(upstream, for: session, of: tenant)
    }

    func keep(
        _ terms: SessionTerms, _ session: SessionID, _ upstream: UpstreamName = .sample, replacing: String? = nil, cap: Int = 10
    ) async throws -> Keeping {
        try await dialogues.keep(terms, with: upstream, for: session, of: tenant, replacing: replacing, cap: cap)
    }

    func count(_ upstream: UpstreamName = .sample) async throws -> Int { try await dialogues.count(upstream, of: tenant) }

    func take(_ session: SessionID) async throws -> [UpstreamName: SessionTerms] { try await dialogues.take(from: session, of: tenant) }

    func takeOrphans(_ limit: Int = 100) async throws -> [OrphanedSession] {
        try await dialogues.takeOrphans(of: tenant, limit: limit)
    }
}

extension SessionTerms {
    static func sample(_ id: String?) -> SessionTerms {
        SessionTerms(transport: .streamableHTTP, revision: "2025-11-25", id: id, capabilities: [.tools, .toolsListChanged])
    }
}
