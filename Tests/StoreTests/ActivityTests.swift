import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("What nodes count")
struct ActivityTests {
    /// One tenant under a prefix of its own.
    private struct Desk {
        let client: RedisClient
        let names: KeyNames
        let log: RedisActivityLog
        let monitor: RedisActivityMonitor
        let tenant: TenantName
        let node = NodeID()

        init() async throws {
            client = try await SharedRedis.client
            names = try #require(KeyNames(prefix: "tally-\(NodeID().text):"))
            log = RedisActivityLog(redis: client, names: names, scripts: .watched, logger: quiet)
            monitor = RedisActivityMonitor(redis: client, names: names)
            tenant = try .fresh()
        }

        func add(_ tally: ActivityTally) async -> Bool { await log.add([tenant: tally], of: node).isEmpty }

        /// Milliseconds.
        func life(of key: String) async throws -> Int64 { try await client.send(["PTTL", .text(key)]).number ?? 0 }

        func sum(of tenant: TenantName?) async throws -> (calls: Int64, credits: Int64) {
            try await monitor.minutes(3, of: tenant).reduce((0, 0)) { ($0.0 + $1.calls, $0.1 + $1.credits.micros) }
        }
    }

    private static func grant(_ tenant: TenantName, _ digit: Character, expires: Int64 = 4_000_000_000_000) throws -> Grant {
        Grant(
            tenant: tenant, token: .sample(digit), lineage: [.sample("0"), .sample(digit)], expires: expires, scope: Scope(),
            budget: BudgetName("team"), caps: [], label: "l\(digit)")
    }

    private static func tally(_ tenant: TenantName, sessions: Int = 1, cost: Int64 = 1_500_000) throws -> ActivityTally {
        var tally = ActivityTally()
        let account = ChargedAccount(name: .budget(try #require(BudgetName("team"))))
        for _ in 0..<sessions {
            tally.add(
                call: 7_000_000, failed: true, charged: try #require(Credits(micros: cost)), in: [account], session: SessionID(),
                grant: try grant(tenant, "a"))
        }
        return tally
    }

    @Test("adds up over runs, for the tenant, for all, for its accounts and for tokens")
    func adding() async throws {
        let desk = try await Desk()
        for _ in 0..<3 { #expect(await desk.add(try Self.tally(desk.tenant))) }
        #expect(try await desk.sum(of: desk.tenant) == (3, 4_500_000))
        #expect(try await desk.sum(of: nil) == (3, 4_500_000))
        #expect(try await desk.sum(of: .fresh()) == (0, 0))
        let minutes = try await desk.monitor.minutes(2, of: desk.tenant)
        #expect(minutes.map(\.errors).reduce(0, +) == 3)
        let median = try #require(minutes.compactMap { $0.latencies.percentile(0.5) }.first)
        #expect(abs(median - 7) < 0.7)
        let burn = try await desk.monitor.burnPerHour(of: desk.tenant)
        let team = try #require(BudgetName("team"))
        let perHour = try #require(burn[.budget(team)])
        #expect((26_000_000...31_000_000).contains(perHour.micros), "4.5 credits in nine to ten minutes")
        let token = try #require(try await desk.monitor.tokens(of: desk.tenant, after: nil, limit: 10).first)
        #expect(token.token == .sample("a") && token.calls == 3 && token.credits.micros == 4_500_000)
        #expect(token.label == "la" && token.budget?.text == "team" && token.ancestors == [.sample("0")])
    }

    @Test("of a session counts only where the session still is, and leaves its life as it was")
    func sessions() async throws {
        let desk = try await Desk()
        let session = SessionID()
        let keys = desk.names.keys(of: desk.tenant)
        let directory = RedisSessionDirectory(redis: desk.client, names: desk.names)
        var tally = ActivityTally()
        tally.add(
            call: .zero, failed: false, charged: try #require(Credits(whole: 2)), in: [], session: session,
            grant: try Self.grant(desk.tenant, "a"))
        #expect(await desk.add(tally))
        #expect(try await desk.client.send(["EXISTS", .text(keys.session(session))]).number == 0)
        try await directory.open(Session(id: session, tenant: desk.tenant, principal: .sample("a"), transport: .sse))
        let life = try await desk.life(of: keys.session(session))
        for _ in 0..<2 { #expect(await desk.add(tally)) }
        let fields = try await desk.client.send(["HMGET", .text(keys.session(session)), "calls", "credits", "node"]).elements ?? []
        #expect(fields.map(\.text) == ["2", "4000000", desk.node.text])
        #expect(try await desk.life(of: keys.session(session)) <= life)
    }

    @Test("of very many sessions is written in runs of at most 64 keys, and counts once")
    func many() async throws {
        let desk = try await Desk()
        #expect(await desk.add(try Self.tally(desk.tenant, sessions: 200)))
        #expect(try await desk.sum(of: desk.tenant) == (200, 300_000_000))
        #expect(try await desk.sum(of: nil) == (200, 300_000_000))
        #expect(try await desk.monitor.tokens(of: desk.tenant, after: nil, limit: 10).first?.calls == 200)
    }

    @Test("is forgotten: minutes after two hours, tokens when they expire")
    func forgetting() async throws {
        let desk = try await Desk()
        let now = try await desk.client.serverTime()
        var tally = ActivityTally()
        for (digit, expires): (Character, Int64) in [("a", now + 600_000), ("b", now - 1), ("c", now + 300_000)] {
            tally.add(
                call: .zero, failed: false, charged: .zero, in: [], session: SessionID(),
                grant: try Self.grant(desk.tenant, digit, expires: expires))
        }
        #expect(await desk.add(tally))
        #expect(try await desk.monitor.tokens(of: desk.tenant, after: nil, limit: 10).map(\.token) == [.sample("c"), .sample("a")])
        let keys = desk.names.keys(of: desk.tenant)
        let life = try await desk.life(of: keys.token(.sample("a")))
        #expect((1...600_000).contains(life))
        let longest = try await desk.life(of: keys.tokens)
        #expect((300_001...600_000).contains(longest))
        // The minute may have turned since.
        let minute = now / 60_000
        let rest = max(try await desk.life(of: desk.names.minute(minute)), try await desk.life(of: desk.names.minute(minute + 1)))
        #expect((7_000_000...7_200_000).contains(rest))
    }

    @Test("of tokens is listed page by page, those that expire at one instant too")
    func pages() async throws {
        let desk = try await Desk()
        var tally = ActivityTally()
        for digit: Character in ["a", "b", "c", "d", "e"] {
            tally.add(call: 0, failed: false, charged: .zero, in: [], session: SessionID(), grant: try Self.grant(desk.tenant, digit))
        }
        #expect(await desk.add(tally))
        var seen: [TokenID] = []
        var cursor: TokenCursor?
        while true {
            let page = try await desk.monitor.tokens(of: desk.tenant, after: cursor, limit: 2)
            guard let last = page.last else { break }
            seen += page.map(\.token)
            cursor = TokenCursor(expires: last.expires, token: last.token)
        }
        #expect(seen == ["a", "b", "c", "d", "e"].map { .sample($0) })
    }

    @Test("tells only so many accounts of a minute apart")
    func accounts() async throws {
        let desk = try await Desk()
        for round in 0..<3 {
            var tally = ActivityTally()
            for number in 0..<300 {
                let account = ChargedAccount(name: .budget(try #require(BudgetName("b\(round)-\(number)"))))
                tally.add(
                    call: .zero, failed: false, charged: try #require(Credits(micros: 1)), in: [account], session: SessionID(),
                    grant: try Self.grant(desk.tenant, "a"))
            }
            #expect(tally.accounts.count == ActivityTally.mostAccounts)
            #expect(await desk.add(tally))
        }
        #expect(try await desk.sum(of: desk.tenant) == (900, 900))
        #expect(try await desk.monitor.burnPerHour(of: desk.tenant).count <= 800)
    }

    @Test("stays to be written while Redis surely has not had it")
    func outOfReach() async throws {
        let desk = try await Desk()
        try await PrivateRedis.run { redis in
            let log = RedisActivityLog(redis: redis.client, names: desk.names, logger: quiet)
            redis.server.kill()
            let gone = await eventually { !redis.client.isReady }
            #expect(gone)
            let rest = await log.add([desk.tenant: try Self.tally(desk.tenant)], of: desk.node)
            #expect(rest[desk.tenant]?.calls == 1 && rest[desk.tenant]?.sessions.count == 1)
        }
    }
}
