import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Where sessions are kept")
struct SessionDirectoryTests {
    @Test("a session is found by its tenant and id until it is closed", arguments: LedgerUnderTest.all)
    func life(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let sessions = world.sessions
        var session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .sse, owner: .sample)
        #expect(try await sessions.find(session.id, of: world.tenant) == nil)
        #expect(try await sessions.update(session) == false)
        #expect(try await sessions.touch(session.id, of: world.tenant, transport: .sse) == false)
        try await sessions.open(session)
        #expect(try await sessions.find(session.id, of: world.tenant) == session)
        #expect(try await sessions.find(session.id, of: .fresh()) == nil)
        session.revision = "2025-11-25"
        session.logLevel = "warning"
        session.clientInfo = #"{"name":"n"}"#
        session.capabilities = #"{"roots":{}}"#
        session.client = "Claude \"Code\"/1 é"
        #expect(try await sessions.update(session))
        #expect(try await sessions.touch(session.id, of: world.tenant, transport: .sse))
        #expect(try await sessions.find(session.id, of: world.tenant) == session)
        #expect(try await sessions.close(session.id, of: world.tenant))
        #expect(try await sessions.close(session.id, of: world.tenant) == false)
        #expect(try await sessions.find(session.id, of: world.tenant) == nil)
    }

    @Test("what stands for the token of a session is kept with it", arguments: LedgerUnderTest.all)
    func pass(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let clauses = try ["a, b:*", "*", "ünï \"x\"\n"].map { try #require(Scope.Clause($0)) }
        let full = Grant(
            tenant: world.tenant, token: .sample("a"), lineage: [.sample("c"), .sample("a")], expires: .max, scope: Scope(clauses: clauses),
            budget: BudgetName("team"), caps: [Grant.Cap(prefix: .sample("c"), limit: try #require(Credits(decimal: "0.000001")))],
            label: "a \u{0}\"label\"")
        let bare = Grant(
            tenant: world.tenant, token: .sample("a"), lineage: [], expires: 0, scope: Scope(), budget: nil, caps: [], label: nil)
        for grant in [full, bare] {
            var session = Session(
                id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .sse, owner: .sample,
                pass: StreamPass(digest: "00ff", grant: grant))
            try await world.sessions.open(session)
            session.revision = "2024-11-05"
            #expect(try await world.sessions.update(session))
            #expect(try await world.sessions.find(session.id, of: world.tenant) == session)
        }
    }

    @Test("a principal has no more sessions than it may, and those that have ended do not count", arguments: [true, false])
    func most(isClosed: Bool) async throws {
        let client = try await SharedRedis.client
        let directory = RedisSessionDirectory(redis: client, scripts: .watched, mostPerPrincipal: 3)
        let tenant = try TenantName.fresh()
        func session(_ principal: Character) -> Session {
            Session(id: SessionID(), tenant: tenant, principal: .sample(principal), transport: .sse)
        }
        let sessions = (0..<4).map { _ in session("a") }
        for number in 0..<3 { #expect(try await directory.open(sessions[number])) }
        #expect(try await directory.open(sessions[2]), "again, after an answer was lost")
        #expect(try await !directory.open(sessions[3]))
        #expect(try await directory.find(sessions[3].id, of: tenant) == nil)
        #expect(try await directory.open(session("b")))
        if isClosed {
            #expect(try await directory.close(sessions[0].id, of: tenant))
        } else {
            _ = try await client.send(["DEL", .text(KeyNames.standard.keys(of: tenant).session(sessions[0].id))])
        }
        #expect(try await directory.open(sessions[3]))
        #expect(try await !directory.open(session("a")))
    }

    @Test("the newest taker of a session's stream keeps it, the older one learns that it was taken", arguments: LedgerUnderTest.all)
    func streams(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let sessions = world.sessions
        let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .streamable)
        #expect(try await sessions.takeStream(of: session.id, of: world.tenant, for: .sample) == nil)
        #expect(try await sessions.keepStream(of: session.id, of: world.tenant, fence: 1) == .gone)
        try await sessions.open(session)
        let first = try #require(try await sessions.takeStream(of: session.id, of: world.tenant, for: .sample))
        #expect(try await sessions.keepStream(of: session.id, of: world.tenant, fence: first) == .held)
        let second = try #require(try await sessions.takeStream(of: session.id, of: world.tenant, for: NodeID()))
        #expect(second > first)
        #expect(try await sessions.keepStream(of: session.id, of: world.tenant, fence: first) == .taken)
        #expect(try await sessions.keepStream(of: session.id, of: world.tenant, fence: second) == .held)
        #expect(try await sessions.find(session.id, of: world.tenant) == session)
        #expect(try await sessions.close(session.id, of: world.tenant))
        #expect(try await sessions.keepStream(of: session.id, of: world.tenant, fence: second) == .gone)
    }

    @Test("a session whose stream is to go stays until all nodes have answered its requests", arguments: LedgerUnderTest.all)
    func parting(_ subject: LedgerUnderTest) async throws {
        let world = try await subject.open()
        let (sessions, tenant) = (world.sessions, world.tenant)
        let session = Session(id: SessionID(), tenant: tenant, principal: .sample("a"), transport: .sse, owner: .sample)
        let (nodes, requests) = ([NodeID(), NodeID()], [CallID(), CallID(), CallID()])
        #expect(try await !sessions.begin(requests[0], in: session.id, of: tenant, at: .sample))
        try await sessions.open(session)
        for (request, node) in [(0, 0), (0, 0), (1, 0), (2, 1)] {
            #expect(try await sessions.begin(requests[request], in: session.id, of: tenant, at: nodes[node]), "twice is once")
        }
        #expect(try await sessions.part(session.id, of: tenant) == Set(nodes))
        try await sessions.end(requests[0], in: session.id, of: tenant, at: nodes[0])
        try await sessions.end(requests[0], in: session.id, of: tenant, at: nodes[0])
        try await sessions.end(requests[2], in: session.id, of: tenant, at: nodes[1])
        #expect(try await sessions.part(session.id, of: tenant) == [nodes[0]])
        #expect(try await sessions.find(session.id, of: tenant) != nil)
        try await sessions.end(requests[1], in: session.id, of: tenant, at: nodes[0])
        #expect(try await sessions.part(session.id, of: tenant) == [])
        #expect(try await sessions.find(session.id, of: tenant) == nil)
        #expect(try await !sessions.begin(requests[0], in: session.id, of: tenant, at: nodes[0]))
        #expect(try await sessions.part(session.id, of: tenant) == [])
    }

    @Test("an open stream lets its session live on, one that was replaced does not")
    func streamLifetime() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .streamable)
        let key = KeyNames.standard.keys(of: world.tenant).session(session.id)
        try await world.sessions.open(session)
        let fences = [
            try await world.sessions.takeStream(of: session.id, of: world.tenant, for: .sample) ?? 0,
            try await world.sessions.takeStream(of: session.id, of: world.tenant, for: .sample) ?? 0,
        ]
        for (fence, renews) in [(fences[0], false), (fences[1], true)] {
            _ = try await client.send(["PEXPIRE", .text(key), "60000"])
            _ = try await world.sessions.keepStream(of: session.id, of: world.tenant, fence: fence)
            #expect((try await client.send(["PTTL", .text(key)]).number ?? -1 > 60_000) == renews)
        }
    }

    @Test("a session lives for its transport's lifetime after it was touched, a refused call included")
    func lifetimes() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let keys = KeyNames.standard.keys(of: world.tenant)
        for transport in [Session.Transport.streamable, .sse, .stateless] {
            let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: transport)
            let key = keys.session(session.id)
            func life() async throws -> Int64 { try await client.send(["PTTL", .text(key)]).number ?? -1 }
            let whole = (transport.lifetime - 5_000)...transport.lifetime
            try await world.sessions.open(session)
            #expect(whole.contains(try await life()))
            _ = try await client.send(["PEXPIRE", .text(key), "1000"])
            _ = try await world.sessions.touch(session.id, of: world.tenant, transport: transport)
            #expect(whole.contains(try await life()))
            _ = try await client.send(["PEXPIRE", .text(key), "1000"])
            let charge = try world.charge(1, [.budget("team", 10)], session: session.id, transport: transport)
            _ = try await world.refusal(charge)
            #expect(whole.contains(try await life()))
            let expiry = try await client.send(["ZSCORE", .text(keys.sessions), .text(session.id.text)]).number ?? 0
            let now = try await client.serverTime()
            #expect(whole.contains(expiry - now))
        }
    }

    @Test("a call that need not prolong its session leaves the session's life alone")
    func unrenewed() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .streamable)
        let key = KeyNames.standard.keys(of: world.tenant).session(session.id)
        try await world.sessions.open(session)
        _ = try await client.send(["PEXPIRE", .text(key), "60000"])
        _ = try await world.ledger.reserve(world.charge(0, [], session: session.id, renewsSession: false))
        #expect(try await client.send(["PTTL", .text(key)]).number ?? -1 <= 60_000)
    }

    @Test("sessions that have ended leave the list when another opens")
    func sweep() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let list = KeyNames.standard.keys(of: world.tenant).sessions
        _ = try await client.send(["ZADD", .text(list), "1", "gone"])
        let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .sse)
        try await world.sessions.open(session)
        #expect(try await client.send(["ZRANGE", .text(list), "0", "-1"]).elements?.compactMap(\.text) == [session.id.text])
    }

    @Test("a control message reads back as what it was, and anything else is nothing")
    func controlMessages() throws {
        let right = [
            ControlMessage.sessionEnded(SessionID(), try .fresh()), .tenantChanged(try .fresh()),
            .catalogueChanged(try .fresh(), version: .max), .slicesRecalled(try .fresh(), nil), .slicesRecalled(try .fresh(), .tenant),
            .slicesRecalled(try .fresh(), ChargedAccount.cap("c", 1).name),
        ]
        for message in right {
            #expect(ControlMessage(Array(message.text.utf8)) == message)
        }
        let wrong = [
            "", "session", "session acme", "session acme 1", "session {a} \(SessionID().text)", "catalogue acme", "catalogue acme x",
            "catalogue acme -1", "catalogue acme 1 2", "catalogue {a} 1",
            "tenant", "tenant acme x", "tenant {a}", "recall", "recall acme _cap.1", "recall acme team x",
        ]
        for text in wrong {
            #expect(ControlMessage(Array(text.utf8)) == nil)
        }
    }
}
