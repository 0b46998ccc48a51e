import Governance
import Redis
import Store

/// A tenant with a session, an account, an open hold, one that is due, one that has lapsed, one under a key, and one that waits for its
/// agent.
struct Scene {
    let client: RedisClient
    let world: LedgerWorld
    let session: Session
    let team: ChargedAccount
    let open: Hold
    let due: Hold
    let lapsed: Hold
    let keyed: Hold
    let waiting: Hold

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
        keyed = try await world.held(world.charge(10, [team], record: .sample("a")))
        waiting = try await world.held(world.charge(10, [team], record: .sample("b")))
        _ = try await world.ledger.park(world.round(1, of: waiting.charge), life: 60_000)
        try await world.outliveNow()
        _ = try await world.ledger.lapse(lapsed.charge.call, of: world.tenant)
    }

    func hold(_ attempt: WrongType) -> Hold {
        switch attempt.testDescription {
        case "lapse": due
        case "late settle": lapsed
        case "take with a key": waiting
        case let name where name.hasSuffix("with a key"): keyed
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
