import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Revoked tokens in Redis", .timeLimit(.minutes(1)))
struct RevocationTests {
    private let day: Int64 = 86_400_000

    /// The watched scripts over a tenant with books.
    private func setUp() async throws -> (RedisRevocations, RedisClient, TenantKeys, TenantName) {
        let client = try await SharedRedis.client
        let tenant = try TenantName.fresh()
        try await RedisLedger(redis: client).openBooks(of: tenant)
        return (RedisRevocations(redis: client, scripts: .watched), client, KeyNames.standard.keys(of: tenant), tenant)
    }

    private func revocation(_ name: String, ends: Int64? = nil) -> Revocation {
        Revocation(token: .named(name), ends: ends, source: "cli", operator: "cli:ann")
    }

    @Test("a token is revoked once, with one event, and its id is found from then on")
    func once() async throws {
        let (revocations, client, keys, tenant) = try await setUp()
        #expect(try await revocations.revoke(revocation("a"), of: tenant) == .revoked)
        let score = try await client.send(["ZSCORE", .text(keys.revoked), .text(TokenID.named("a").text)]).text
        #expect(try await revocations.revoke(revocation("a"), of: tenant) == .known)
        #expect(try await client.send(["ZSCORE", .text(keys.revoked), .text(TokenID.named("a").text)]).text == score)
        let told = try await client.events(in: keys.audit).map(\.json).filter { $0.contains("token_revoked") }
        #expect(told.count == 1 && told.allSatisfy { $0.contains(#""tokenId":"\#(TokenID.named("a").text)""#) })
        #expect(told.allSatisfy { $0.contains(#""data":{"source":"cli","by":"cli:ann"}"#) })
        #expect(try await revocations.revoked(of: tenant, after: nil).ids == [.named("a")])
    }

    @Test("of a tenant without books nothing is revoked")
    func unknownTenant() async throws {
        let revocations = RedisRevocations(redis: try await SharedRedis.client, scripts: .watched)
        let tenant = try TenantName.fresh()
        #expect(try await revocations.revoke(revocation("a"), of: tenant) == .unknownTenant)
        #expect(try await revocations.revoked(of: tenant, after: nil) == RevokedIDs(ids: [], place: nil, count: 0))
    }

    @Test("whoever has read up to a place is told what came behind it, each once, though all came within one millisecond")
    func incremental() async throws {
        let (revocations, _, _, tenant) = try await setUp()
        var place: Int64?
        for round in 0..<5 {
            let names = (0..<7).map { "r\(round).\($0)" }
            await withTaskGroup { group in
                for name in names { group.addTask { _ = try? await revocations.revoke(revocation(name), of: tenant) } }
            }
            let found = try await revocations.revoked(of: tenant, after: place)
            #expect(Set(found.ids) == Set(names.map { TokenID.named($0) }) && found.ids.count == 7 && found.count == 7 * (round + 1))
            place = found.place
        }
        #expect(try await revocations.revoked(of: tenant, after: place) == RevokedIDs(ids: [], place: nil, count: 35))
    }

    @Test("places rise though the clock of a new master is behind")
    func clock() async throws {
        let (revocations, client, keys, tenant) = try await setUp()
        let ahead = try await client.serverTime() + day
        _ = try await client.send(["ZADD", .text(keys.revoked), .integer(ahead), .text(TokenID.named("early").text)])
        _ = try await revocations.revoke(revocation("late"), of: tenant)
        let found = try await revocations.revoked(of: tenant, after: ahead)
        #expect(found.ids == [.named("late")] && found.place == ahead + 1)
    }

    @Test("an id is kept for 90 days and as long as its token lives, for ever where that is not known, and then forgotten")
    func memory() async throws {
        let (revocations, client, keys, tenant) = try await setUp()
        let now = try await client.serverTime()
        func end(_ name: String) async throws -> Double? {
            try await client.send(["ZSCORE", .text(keys.revokedEnds), .text(TokenID.named(name).text)]).text.flatMap { Double($0) }
        }
        for (name, ends) in [("short", now + day), ("long", now + 400 * day), ("unknown", nil)] {
            _ = try await revocations.revoke(revocation(name, ends: ends), of: tenant)
        }
        let short = try #require(try await end("short"))
        #expect(short >= Double(now + 90 * day) && short < Double(now + 91 * day))
        #expect(try await end("long") == Double(now + 400 * day))
        #expect(try await end("unknown") == .infinity)
        _ = try await revocations.revoke(revocation("short", ends: now + 200 * day), of: tenant)
        _ = try await revocations.revoke(revocation("long", ends: now), of: tenant)
        #expect(try await end("short") == Double(now + 200 * day))
        #expect(try await end("long") == Double(now + 400 * day), "it only ever prolongs")
        _ = try await client.send(["ZADD", .text(keys.revokedEnds), .integer(now - 1), .text(TokenID.named("short").text)])
        _ = try await revocations.revoke(revocation("another"), of: tenant)
        let kept: RevokedIDs = try await revocations.revoked(of: tenant, after: nil)
        #expect(Set<TokenID>(kept.ids) == [.named("long"), .named("unknown"), .named("another")])
    }

    @Test("keys of a wrong type change nothing")
    func wrongTypes() async throws {
        for place in 0..<5 {
            let (revocations, client, keys, tenant) = try await setUp()
            let names = [keys.revoked, keys.revokedEnds, keys.head, keys.audit, keys.ledger]
            _ = try await client.send(["DEL", .text(names[place])])
            _ = try await client.send(["SET", .text(names[place]), "x"])
            await #expect(throws: StoreError.self) { try await revocations.revoke(revocation("a"), of: tenant) }
            for name in names where name != names[place] && name != keys.head {
                #expect(try await client.send(["EXISTS", .text(name)]).number == 0, "\(name)")
            }
        }
    }

    @Test("every node hears of it")
    func told() async throws {
        let (revocations, client, _, tenant) = try await setUp()
        let receiver = RecordingReceiver()
        let bus = RedisNodeBus(client, names: .standard)
        let running = Task { try await bus.run(as: NodeID(), receiver: receiver) }
        defer { running.cancel() }
        #expect(await eventually { receiver.isReady })
        _ = try await revocations.revoke(revocation("a"), of: tenant)
        #expect(await eventually { receiver.revoked == ["\(tenant) \(TokenID.named("a").text)"] })
    }
}

extension TokenID {
    /// An id that spells a short name.
    fileprivate static func named(_ name: String) -> TokenID {
        let digits = name.utf8.map { String($0, radix: 16) }.joined()
        guard let id = TokenID(digits + String(repeating: "0", count: 64 - digits.count)) else { preconditionFailure(name) }
        return id
    }
}
