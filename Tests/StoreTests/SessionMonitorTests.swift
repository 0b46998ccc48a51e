import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("The sessions as an operator sees them", .timeLimit(.minutes(1)))
struct SessionMonitorTests {
    private struct World {
        let redis: RedisClient
        let tenant: TenantName
        let directory: RedisSessionDirectory
        let monitor: RedisSessionMonitor

        init() async throws {
            redis = try await SharedRedis.client
            tenant = try .fresh()
            directory = RedisSessionDirectory(redis: redis, scripts: .watched)
            monitor = RedisSessionMonitor(redis: redis, scripts: .watched, node: .sample)
        }

        var keys: TenantKeys { KeyNames.standard.keys(of: tenant) }

        func open(_ transport: Session.Transport = .streamable, label: String? = nil, owner: NodeID? = nil) async throws -> Session {
            let session = Session(
                id: SessionID(), tenant: tenant, principal: .sample("a"), transport: transport, label: label, owner: owner)
            try await directory.open(session)
            return session
        }

        /// All pages of that size, one after the other.
        func pages(_ order: SessionOrder, _ limit: Int) async throws -> [[ObservedSession]] {
            var pages: [[ObservedSession]] = []
            var cursor: SessionCursor?
            repeat {
                let page = try await monitor.list(of: tenant, in: order, after: cursor, limit: limit)
                pages.append(page.sessions)
                cursor = page.next
            } while cursor != nil && pages.count < 100
            return pages
        }
    }

    @Test("a session is shown with when it began, what it is called, who served it and what is counted of it")
    func facts() async throws {
        let world = try await World()
        var session = try await world.open(label: "a \"label\"")
        session.clientInfo = #"{"name":"n\u00e9","version":"1","x":[]}"#
        session.client = "né 1"
        session.revision = "2025-11-25"
        #expect(try await world.directory.update(session))
        let key = RedisArgument.text(world.keys.session(session.id))
        let node = NodeID()
        _ = try await world.redis.send(["HSET", key, "calls", "7", "credits", "2500000", "node", .text(node.text)])
        let now = try await world.redis.serverTime()
        let page = try await world.monitor.list(of: world.tenant, in: .recent, after: nil, limit: 10)
        let shown = try #require(page.sessions.first)
        #expect(page.sessions.count == 1 && page.next == nil)
        #expect(shown.session == session && shown.session.label == "a \"label\"")
        #expect(shown.agent == "né" && shown.agentVersion == "1" && shown.node == node)
        #expect(shown.calls == 7 && shown.credits.description == "2.5")
        let opened = try #require(shown.opened)
        #expect((now - 30_000...now).contains(opened) && opened <= shown.lastSeen && shown.lastSeen <= now)
    }

    @Test("what no node has counted yet is told by what the session itself says")
    func fresh() async throws {
        let world = try await World()
        let owner = NodeID()
        let session = try await world.open(.sse, owner: owner)
        let shown = try #require(try await world.monitor.list(of: world.tenant, in: .expiry, after: nil, limit: 1).sessions.first)
        #expect(shown.session.id == session.id && shown.node == owner && shown.calls == 0 && shown.credits == .zero && shown.agent == nil)
    }

    @Test("pages hold each session once in their order, also of many that end in the same millisecond", arguments: SessionOrder.allCases)
    func paging(_ order: SessionOrder) async throws {
        let world = try await World()
        var ids: Set<SessionID> = []
        for _ in 0..<23 { ids.insert(try await world.open().id) }
        let end = try await world.redis.serverTime() + 1_000_000
        for (index, id) in ids.enumerated() {
            let score = RedisArgument.integer(index < 12 ? end : end + Int64(index))
            _ = try await world.redis.send(["ZADD", .text(world.keys.sessions), score, .text(id.text)])
        }
        for limit in [1, 5, 23, 24, 1000] {
            let pages = try await world.pages(order, limit)
            let seen = pages.flatMap { $0 }
            #expect(pages.allSatisfy { $0.count <= limit } && seen.count == 23 && Set(seen.map(\.session.id)) == ids)
            let ends = seen.map(\.expires)
            #expect(ends == (order == .expiry ? ends.sorted() : ends.sorted(by: >)))
        }
    }

    @Test("by expiry none is missing that is used while the pages are read")
    func moving() async throws {
        let world = try await World()
        var sessions: [Session] = []
        for _ in 0..<9 { sessions.append(try await world.open()) }
        let first = try await world.monitor.list(of: world.tenant, in: .expiry, after: nil, limit: 3)
        try await world.redis.outliveNow()
        for session in sessions { #expect(try await world.directory.touch(session.id, of: world.tenant, transport: .streamable)) }
        let rest = try await world.monitor.list(of: world.tenant, in: .expiry, after: first.next, limit: 100)
        #expect(Set((first.sessions + rest.sessions).map(\.session.id)) == Set(sessions.map(\.id)))
    }

    @Test("sessions that have ended, whose hash is gone or cannot be read are not shown")
    func gone() async throws {
        let world = try await World()
        let (lasting, ended, lost, broken) = (
            try await world.open(), try await world.open(), try await world.open(), try await world.open()
        )
        _ = try await world.redis.send(["ZADD", .text(world.keys.sessions), "1000", .text(ended.id.text)])
        _ = try await world.redis.send(["DEL", .text(world.keys.session(lost.id))])
        _ = try await world.redis.send(["HSET", .text(world.keys.session(broken.id)), "transport", "carrier pigeon"])
        for order in SessionOrder.allCases {
            #expect(try await world.pages(order, 2).flatMap { $0 }.map(\.session.id) == [lasting.id])
        }
    }

    @Test("an operator's end of a session is one event that names him, and the session is gone")
    func close() async throws {
        let world = try await World()
        let session = try await world.open()
        #expect(try await world.monitor.close(session.id, of: world.tenant, by: "api:\"ann\""))
        #expect(try await world.monitor.close(session.id, of: world.tenant, by: "api:ann") == false)
        #expect(try await world.monitor.close(SessionID(), of: world.tenant, by: "api:ann") == false)
        #expect(try await world.directory.find(session.id, of: world.tenant) == nil)
        #expect(try await world.pages(.recent, 10) == [[]])
        let told = try await world.redis.events(in: world.keys.audit).map { try LedgerEvent($0.id, $0.json) }
        #expect(told.map(\.type) == ["session_close"] && told[0].data["by"] as? String == "api:\"ann\"")
        #expect(told[0]["sessionId"] == session.id.text && told[0]["tokenId"] == session.principal.text)
        // Its place among its principal's sessions is free again.
        #expect(try await world.redis.send(["SCARD", .text(world.keys.sessions(of: session.principal))]).number == 0)
    }

    @Test("where its event cannot be kept a session is not ended")
    func unheard() async throws {
        let world = try await World()
        let session = try await world.open()
        _ = try await world.redis.send(["HSET", .text(world.keys.head), "seq", "0"])
        _ = try await world.redis.send(["SET", .text(world.keys.audit), "x"])
        await #expect(throws: StoreError.self) { _ = try await world.monitor.close(session.id, of: world.tenant, by: "api:ann") }
        #expect(try await world.directory.find(session.id, of: world.tenant) == session)
    }

    @Test("a cursor is read back as it is written, and nothing else is one")
    func cursor() throws {
        let cursor = SessionCursor(expires: 1_800_000_000_000, id: SessionID())
        #expect(SessionCursor(cursor.text) == cursor)
        for text in ["", "-", "1-", "x-\(cursor.id)", "-1-\(cursor.id)", "1-\(cursor.id)-", "99999999999999999999-\(cursor.id)"] {
            #expect(SessionCursor(text) == nil, "\(text)")
        }
    }
}
