package import Governance
package import Redis

/// Sessions in Redis: one hash each, living for its transport's lifetime, and a list of their ids by expiry.
package final class RedisSessionDirectory: SessionDirectory {
    let redis: RedisClient
    let names: KeyNames
    private let channels: NodeChannels
    let scripts: StoreScripts
    let tenants: TenantKeyCache
    private let mostPerPrincipal: Int
    /// Milliseconds that a principal's sessions are remembered after the last began.
    private let memory: Int64 = 7 * 86_400_000
    /// Of too many sessions so many are looked at, whether they have ended.
    private let sample: Int64 = 100

    /// `mostPerPrincipal`: the sessions that one token may have.
    package init(
        redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, mostPerPrincipal: Int = 10_000
    ) {
        self.mostPerPrincipal = mostPerPrincipal
        self.redis = redis
        self.names = names
        channels = NodeChannels(redis, names: names)
        self.scripts = scripts
        tenants = TenantKeyCache(names)
    }

    @discardableResult
    package func open(_ session: Session) async throws(StoreError) -> Bool {
        var fields: [RedisArgument] = [
            "principal", .text(session.principal.text), "transport", .text(session.transport.rawValue),
        ]
        if let label = session.label { fields += ["label", .text(label)] }
        if let owner = session.owner { fields += ["owner", .text(owner.text)] }
        if let pass = session.pass { fields += ["pass", .text(StreamPassText.text(of: pass))] }
        fields += agreed(session)
        if try await make(session, fields) { return true }
        return try await prune(session) ? make(session, fields) : false
    }

    private func make(_ session: Session, _ fields: [RedisArgument]) async throws(StoreError) -> Bool {
        let keys = tenants.keys(of: session.tenant)
        let reply = try await redis.run(
            scripts.sessionOpen, keys: [keys.session(session.id), keys.sessions, keys.sessions(of: session.principal)],
            arguments: [
                .text(session.id.text), .integer(session.transport.lifetime), .integer(Int64(mostPerPrincipal)), .integer(memory),
            ] + fields)
        return reply.number == 1
    }

    /// Forgets sessions of the same principal that have ended, of a few at random; true where there were any.
    private func prune(_ session: Session) async throws(StoreError) -> Bool {
        let keys = tenants.keys(of: session.tenant)
        let list = keys.sessions(of: session.principal)
        let found = try await redis.command(["SRANDMEMBER", .text(list), .integer(sample)])
        let ids = (found.elements ?? []).compactMap { $0.text.flatMap { SessionID($0) } }
        guard !ids.isEmpty else { return false }
        let reply = try await redis.run(
            scripts.sessionPrune, keys: [list] + ids.map { keys.session($0) }, arguments: ids.map { .text($0.text) })
        return reply.number ?? 0 > 0
    }

    package func update(_ session: Session) async throws(StoreError) -> Bool {
        guard try await write(session.id, session.tenant, session.transport, agreed(session)) else { return false }
        // Other nodes would go on by the level they remember.
        if session.logLevel != nil {
            let message = ControlMessage.sessionChanged(session.id, session.tenant)
            _ = try await redis.command(["PUBLISH", .text(names.control), .text(message.text)])
        }
        return true
    }

    package func touch(_ id: SessionID, of tenant: TenantName, transport: Session.Transport) async throws(StoreError) -> Bool {
        try await write(id, tenant, transport, [])
    }

    package func find(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Session? {
        let key = RedisArgument.text(tenants.keys(of: tenant).session(id))
        guard let values = try await redis.command(["HMGET", key] + SessionFields.names).elements else { throw .corrupt("session") }
        return try SessionFields.session(id, of: tenant, in: values)
    }

    package func close(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Bool {
        let keys = tenants.keys(of: tenant)
        let message = ControlMessage.sessionEnded(id, tenant)
        guard let principal = try await principal(of: id, keys) else { return false }
        let reply = try await redis.run(
            scripts.sessionClose, keys: [keys.session(id), keys.sessions, keys.sessions(of: principal)],
            arguments: [.text(id.text), .text(names.control), .text(message.text)], idempotent: false)
        return reply.number == 1
    }

    /// Whose session it is; nil where it is gone.
    func principal(of id: SessionID, _ keys: TenantKeys) async throws(StoreError) -> TokenID? {
        try await redis.command(["HGET", .text(keys.session(id)), "principal"]).text.flatMap { TokenID($0) }
    }

    package func takeStream(of id: SessionID, of tenant: TenantName, for node: NodeID) async throws(StoreError) -> Int64? {
        let fence = try await stream(id, tenant, node: .text(node.text), fence: 0)
        return fence > 0 ? fence : nil
    }

    package func keepStream(of id: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError) -> StreamStanding {
        switch try await stream(id, tenant, node: "", fence: fence) {
        case 0: .gone
        case fence: .held
        default: .taken
        }
    }

    /// Takes the session's stream for the node, or keeps it under the fence; answers the fence in force, 0 where the session is gone.
    private func stream(_ id: SessionID, _ tenant: TenantName, node: RedisArgument, fence: Int64) async throws(StoreError) -> Int64 {
        let keys = tenants.keys(of: tenant)
        let reply = try await redis.run(
            scripts.sessionStream, keys: [keys.session(id), keys.sessions],
            arguments: [
                .text(id.text), .integer(Session.Transport.streamable.lifetime), node, .integer(fence),
            ])
        guard let fields = reply.elements, fields.count == 2, let fence = fields[0].number else { throw .corrupt("session_stream") }
        // Where this is lost the node that held the stream finds out when it wants to keep it.
        if let holder = fields[1].text.flatMap({ NodeID($0) }) {
            _ = try? await channels.send(.streamTaken(id, fence: fence), to: holder)
        }
        return fence
    }

    /// What `initialize` agreed on.
    private func agreed(_ session: Session) -> [RedisArgument] {
        var fields: [RedisArgument] = []
        if let revision = session.revision { fields += ["revision", .text(revision)] }
        if let client = session.client { fields += ["client", .text(client)] }
        if let info = session.clientInfo { fields += ["info", .text(info)] }
        if let capabilities = session.capabilities { fields += ["abilities", .text(capabilities)] }
        if let level = session.logLevel { fields += ["level", .text(level)] }
        return fields
    }

    /// Writes the fields and renews the session's life; false where it is gone.
    private func write(
        _ id: SessionID, _ tenant: TenantName, _ transport: Session.Transport, _ fields: [RedisArgument]
    ) async throws(StoreError) -> Bool {
        let keys = tenants.keys(of: tenant)
        let arguments: [RedisArgument] = [.text(id.text), .integer(transport.lifetime)]
        let reply = try await redis.run(scripts.session, keys: [keys.session(id), keys.sessions], arguments: arguments + fields)
        return reply.number == 1
    }
}
