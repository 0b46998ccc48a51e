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
            _ = try await client.send(["RPUSH", .text(key), "x"])
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
        let fields = ["limit", "held", "spent", "delegated", "version", "window", "drained"].map { (true, $0) } + [(false, "amount")]
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

extension LedgerFaultTests {
    @Test(
        "a record, a rate or a size of reports with an impossible number is corrupt, and nothing is written",
        arguments: ["", "-1", "1.5", "abc", "nan", "inf", "9007199254740992"])
    func badTerms(_ number: String) async throws {
        let client = try await SharedRedis.client
        let reserve = WrongType.reserveWithTerms
        let attempts: [(WrongType, [RedisArgument], @Sendable (TenantKeys) -> String)] = [
            (
                reserve, ["HSET", "", "print", .text(WrongType.fresh.fingerprint), "state", "running", "until"],
                { $0.record(WrongType.fresh.name) }
            ),
            (
                reserve, ["HSET", "", "print", .text(WrongType.fresh.fingerprint), "state", "done", "charged"],
                { $0.record(WrongType.fresh.name) }
            ),
            (reserve, ["SET", ""], { $0.rate(WrongType.rate.subject) }), (.settleWithKey, ["SET", ""], \.reportsSize),
        ]
        for (attempt, command, key) in attempts {
            let scene = try await Scene(client)
            let name = key(KeyNames.standard.keys(of: scene.world.tenant))
            _ = try await client.send([command[0], .text(name)] + command.dropFirst(2) + [.text(number)])
            let before = try await scene.everything()
            await expectCorrupt("CORRUPT", name) { try await attempt.run(scene) }
            #expect(try await scene.everything() == before, "\(name)")
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
