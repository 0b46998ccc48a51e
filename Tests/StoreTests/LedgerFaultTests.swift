import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("The ledger when Redis is not what it was")
struct LedgerFaultTests {
    @Test("scripts are loaded again after SCRIPT FLUSH")
    func scriptFlush() async throws {
        try await PrivateRedis.run { redis in
            let world = try LedgerWorld.redis(redis.client)
            try await world.ledger.openBooks(of: world.tenant)
            let hold = try await world.held(world.charge(1, [.budget("team", 10)]))
            _ = try await redis.client.send(["SCRIPT", "FLUSH"])
            #expect(try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok).state == .settled)
        }
    }

    @Test("after FLUSHALL nothing is granted, whatever nodes go on to record")
    func flushAll() async throws {
        try await PrivateRedis.run { redis in
            let world = try LedgerWorld.redis(redis.client)
            try await world.ledger.openBooks(of: world.tenant)
            let team = try ChargedAccount.budget("team", 10)
            let hold = try await world.held(world.charge(1, [team]))
            _ = try await redis.client.send(["FLUSHALL"])
            #expect(try await world.refusal(world.charge(1, [team])) == .noAccount(team.name))
            #expect(try await world.ledger.settle(hold, cost: .micros(1), outcome: .ok).state == .unknown)
            #expect(try await world.ledger.release(Hold(charge: world.charge(1, [team])), outcome: .unsent).state == .released)
            #expect(try await world.refusal(world.charge(1, [team])) == .noAccount(team.name))
        }
    }

    @Test("a full Redis takes no new holds, but ends those it has")
    func maxMemory() async throws {
        try await PrivateRedis.run(["--maxmemory-policy", "noeviction"]) { redis in
            let world = try LedgerWorld.redis(redis.client)
            let session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .streamable)
            try await world.sessions.open(session)
            try await world.ledger.openBooks(of: world.tenant)
            let team = try ChargedAccount.budget("team", 10)
            let holds = try await [
                world.held(world.charge(1, [team])), world.held(world.charge(2, [team])), world.held(world.charge(3, [team])),
            ]
            _ = try await redis.client.send(["CONFIG", "SET", "maxmemory", "1"])
            await #expect(throws: StoreError.unavailable("OOM")) { try await world.ledger.reserve(world.charge(1, [team])) }
            #expect(try await world.ledger.settle(holds[0], cost: .micros(1), outcome: .ok).state == .settled)
            #expect(try await world.ledger.release(holds[1], outcome: .unsent).state == .released)
            let last = holds[2].charge.call
            #expect(try await world.ledger.extend([last], of: world.tenant, lease: 0) == [last: .open])
            try await world.outliveNow()
            #expect(try await world.ledger.due(of: world.tenant, limit: 1).calls == [last])
            #expect(try await world.ledger.lapse(last, of: world.tenant) == .lapsed)
            #expect(try await world.ledger.settle(holds[2], cost: .micros(3), outcome: .ok).state == .lateSettled)
            #expect(try await world.sessions.close(session.id, of: world.tenant))
            #expect(try await redis.client.events(in: KeyNames.standard.keys(of: world.tenant).ledger).count == 4)
        }
    }

    @Test("a key of a wrong type is corrupt, and nothing is written", arguments: WrongType.all)
    func wrongType(_ attempt: WrongType) async throws {
        let client = try await SharedRedis.client
        let keys = try attempt.keys(KeyNames.standard.keys(of: .fresh()), CallID(), SessionID()).count
        for index in 0..<keys {
            let scene = try await Scene(client)
            let key = attempt.keys(KeyNames.standard.keys(of: scene.world.tenant), scene.hold(attempt).charge.call, scene.session.id)[index]
            _ = try await client.send(["DEL", .text(key)])
            _ = try await client.send(["SET", .text(key), "x"])
            let before = try await scene.everything()
            await expectCorrupt("WRONGTYPE", key) { try await attempt.run(scene) }
            #expect(try await scene.everything() == before, "\(key)")
        }
    }

    @Test(
        "an account or a hold with impossible numbers is corrupt, and nothing is written",
        arguments: ["", "-1", "1.5", "abc", "nan", "inf", "9007199254740992"])
    func badNumbers(_ number: String) async throws {
        let client = try await SharedRedis.client
        let fields = ["limit", "held", "spent", "delegated", "version"].map { (true, $0) } + [(false, "amount")]
        for (isAccount, field) in fields {
            let scene = try await Scene(client)
            let keys = KeyNames.standard.keys(of: scene.world.tenant)
            let key = isAccount ? keys.account(scene.team.name) : keys.hold(scene.open.charge.call)
            _ = try await client.send(["HSET", .text(key), .text(field), .text(number)])
            let before = try await scene.everything()
            await expectCorrupt("CORRUPT", field) { try await scene.settle(scene.open) }
            if isAccount { await expectCorrupt("CORRUPT", field) { try await scene.reserve() } }
            #expect(try await scene.everything() == before, "\(field)")
        }
    }
}

/// Demands that `body` finds Redis corrupt, in the words of an error reply that starts with `code`.
private func expectCorrupt(_ code: String, _ about: String, _ body: () async throws -> Void) async {
    do {
        try await body()
        Issue.record("\(about): not refused")
    } catch StoreError.corrupt(let reason) {
        #expect(reason.hasPrefix(code), "\(about)")
    } catch { Issue.record("\(about): \(error)") }
}

/// A tenant with a session, an account, an open hold, one that is due and one that has lapsed.
struct Scene {
    let client: RedisClient
    let world: LedgerWorld
    let session: Session
    let team: ChargedAccount
    let open: Hold
    let due: Hold
    let lapsed: Hold

    init(_ client: RedisClient) async throws {
        self.client = client
        world = try LedgerWorld.redis(client)
        session = Session(id: SessionID(), tenant: world.tenant, principal: .sample("a"), transport: .streamable)
        team = try .budget("team", 1_000)
        try await world.sessions.open(session)
        try await world.ledger.openBooks(of: world.tenant)
        open = try await world.held(world.charge(10, [team], session: session.id))
        due = try await world.held(world.charge(10, [team], lease: 0))
        lapsed = try await world.held(world.charge(10, [team], lease: 0))
        try await world.outliveNow()
        _ = try await world.ledger.lapse(lapsed.charge.call, of: world.tenant)
    }

    func hold(_ attempt: WrongType) -> Hold {
        switch attempt.testDescription {
        case "lapse": due
        case "late settle": lapsed
        default: open
        }
    }

    func settle(_ hold: Hold) async throws { _ = try await world.ledger.settle(hold, cost: .micros(5), outcome: .ok) }

    func reserve(_ account: ChargedAccount? = nil, call: CallID = CallID()) async throws {
        _ = try await world.ledger.reserve(world.charge(1, [account ?? team], call: call, session: session.id))
    }

    /// All that the tenant has in Redis: a hash as its sorted fields, for its order may change by looking at it, anything else as dumped.
    func everything() async throws -> [String: [RedisValue]] {
        let pattern = KeyNames.standard.keys(of: world.tenant).head.dropLast("ledger:head".count) + "*"
        let keys = (try await client.send(["KEYS", .text(String(pattern))]).elements ?? []).compactMap(\.text)
        var contents: [String: [RedisValue]] = [:]
        for key in keys {
            if try await client.send(["TYPE", .text(key)]).text == "hash" {
                let fields = try await client.send(["HGETALL", .text(key)]).elements ?? []
                contents[key] = stride(from: 0, to: fields.count, by: 2).map { .array([fields[$0], fields[$0 + 1]]) }
                contents[key]?.sort { "\($0)" < "\($1)" }
            } else {
                contents[key] = [try await client.send(["DUMP", .text(key)])]
            }
        }
        return contents
    }
}

/// An operation and the keys that it looks at.
struct WrongType: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let keys: @Sendable (TenantKeys, CallID, SessionID) -> [String]
    let run: @Sendable (Scene) async throws -> Void

    private init(
        _ name: String, _ keys: @escaping @Sendable (TenantKeys, CallID, SessionID) -> [String],
        _ run: @escaping @Sendable (Scene) async throws -> Void
    ) {
        testDescription = name
        self.keys = keys
        self.run = run
    }

    private static let team = AccountName.budget(BudgetName("team") ?? { preconditionFailure("a valid name") }())
    private static func ending(_ keys: TenantKeys, _ call: CallID) -> [String] {
        [keys.hold(call), keys.holds, keys.head, keys.audit, keys.ledger, keys.account(team)]
    }

    static let all: [WrongType] = [
        WrongType("reserve") { keys, _, session in
            [keys.holds, keys.revoked, keys.sessions, keys.account(team), keys.session(session)]
        } _: {
            try await $0.reserve()
        },
        WrongType("repeated reserve") { keys, call, _ in
            [keys.hold(call), keys.holds]
        } _: {
            try await $0.reserve(call: $0.open.charge.call)
        },
        WrongType("reserve that makes an account") { keys, _, session in
            [keys.holds, keys.revoked, keys.sessions, keys.head, keys.audit, keys.ledger, keys.session(session)]
        } _: {
            try await $0.reserve(.budget("other", 5))
        },
        WrongType("settle") { keys, call, _ in
            ending(keys, call)
        } _: {
            try await $0.settle($0.open)
        },
        WrongType("late settle") { keys, call, _ in
            ending(keys, call)
        } _: {
            try await $0.settle($0.lapsed)
        },
        WrongType("release") { keys, call, _ in
            ending(keys, call)
        } _: {
            _ = try await $0.world.ledger.release($0.open, outcome: .unsent)
        },
        WrongType("lapse") { keys, call, _ in
            ending(keys, call)
        } _: {
            _ = try await $0.world.ledger.lapse($0.due.charge.call, of: $0.world.tenant)
        },
        WrongType("extend") { keys, call, _ in
            [keys.hold(call), keys.holds]
        } _: {
            _ = try await $0.world.ledger.extend([$0.open.charge.call, $0.due.charge.call], of: $0.world.tenant, lease: 5)
        },
        WrongType("park") { keys, call, _ in
            [keys.hold(call), keys.holds, keys.parked(call)]
        } _: {
            _ = try await $0.world.ledger.park($0.world.round(1, of: $0.open.charge), life: 5)
        },
        WrongType("take") { keys, call, _ in
            [keys.parked(call), keys.revoked]
        } _: {
            _ = try await $0.world.ledger.take($0.world.round(1, of: $0.open.charge), by: CallID(), of: [.sample("a")], lease: 5)
        },
        WrongType("due") { keys, _, _ in
            [keys.holds]
        } _: {
            _ = try await $0.world.ledger.due(of: $0.world.tenant, limit: 5)
        },
        WrongType("open books") { keys, _, _ in
            [keys.head]
        } _: {
            try await $0.world.ledger.openBooks(of: $0.world.tenant)
        },
        WrongType("balance") { keys, _, _ in
            [keys.account(team)]
        } _: {
            _ = try await $0.world.ledger.balance(of: team, tenant: $0.world.tenant)
        },
        WrongType("record") { keys, _, _ in
            [keys.audit, keys.head, keys.ledger]
        } _: {
            let keys = KeyNames.standard.keys(of: $0.world.tenant)
            do {
                _ = try await $0.client.evaluate(
                    StoreScripts.embedded.record, keys: [keys.audit, keys.head, keys.ledger],
                    arguments: [.text(keys.events), 1, "upstream_up", 5, "\"nodeId\":\"n\"", ""])
            } catch RedisError.server(_, let message) { throw StoreError.corrupt(message) }
        },
        WrongType("open session") { keys, _, session in
            [keys.session(session), keys.sessions]
        } _: {
            try await $0.world.sessions.open($0.session)
        },
        WrongType("touch session") { keys, _, session in
            [keys.session(session), keys.sessions]
        } _: {
            _ = try await $0.world.sessions.touch($0.session.id, of: $0.world.tenant, transport: .streamable)
        },
        WrongType("close session") { keys, _, session in
            [keys.session(session), keys.sessions]
        } _: {
            _ = try await $0.world.sessions.close($0.session.id, of: $0.world.tenant)
        },
    ]
}
