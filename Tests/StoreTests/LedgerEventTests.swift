import Fixtures
import Foundation
import Governance
import Redis
import Store
import Synchronization
import Testing

@Suite("The events of the ledger")
struct LedgerEventTests {
    @Test("adding up budget_spend and late_settle gives what each account has spent, and no number is missing")
    func eventsAreEffects() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let keys = KeyNames.standard.keys(of: world.tenant)
        try await world.ledger.openBooks(of: world.tenant)
        let accounts = try [.cap("c", 90_000_000), ChargedAccount.budget("a", 40_000_000), .budget("b", 100_000_000)]
        var ended = 0
        for round in 0..<200 {
            let charge = try world.charge(
                Int64.random(in: 1...2_000_000), accounts.filter { _ in Bool.random() },
                lease: round.isMultiple(of: 5) ? 0 : 60_000)
            guard case .granted(let hold?, _, _) = try await world.ledger.reserve(charge) else { continue }
            if round.isMultiple(of: 5) {
                try await world.outliveNow()
                #expect(try await world.ledger.lapse(charge.call, of: world.tenant) == .lapsed)
            }
            if round.isMultiple(of: 7), !round.isMultiple(of: 5) {
                _ = try await world.ledger.release(hold, outcome: .unsent)
            } else {
                _ = try await world.ledger.settle(hold, cost: .micros(Int64.random(in: 0...charge.amount.micros)), outcome: .ok)
            }
            ended += 1
        }
        let money = try await client.events(in: keys.ledger).map { try LedgerEvent($0.id, $0.json) }
        let rest = try await client.events(in: keys.audit).map { try LedgerEvent($0.id, $0.json) }
        var spent: [String: Int64] = [:]
        for event in money {
            let cost = event.type == "budget_spend" ? event.micros("cost") : event.type == "late_settle" ? event.micros("charged") : 0
            for books in event.accounts {
                if let name = books["account"] as? String { spent[name, default: 0] += cost }
                let sum = { (names: [String]) in names.reduce(Int64(0)) { $0 + microsOf(books[$1]) } }
                #expect(sum(["limit", "over"]) == sum(["available", "held", "spent", "delegated"]))
            }
        }
        for account in accounts {
            #expect(try await world.balance(account).spent.micros == spent[account.name.text] ?? 0)
        }
        #expect(rest.filter { $0.type == "tool_call" }.count == ended)
        #expect((money + rest).map(\.seq).sorted() == Array(1...(money.count + rest.count)))
        #expect(Set(money.map(\.epoch) + rest.map(\.epoch)).count == 1)
    }

    @Test("an event says who called what, when, for how much, and what is left")
    func envelope() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let keys = KeyNames.standard.keys(of: world.tenant)
        let session = SessionID()
        try await world.sessions.open(Session(id: session, tenant: world.tenant, principal: .sample("a"), transport: .streamable))
        try await world.ledger.openBooks(of: world.tenant)
        let tool = "a \"quoted\\\" tool\n\u{1}é"
        let cap = ChargedAccount.cap("c", 9_999_999_999_999)
        let charge = try world.charge(1_500_000, [cap, .budget("team", 1_250_001)], session: session, tool: tool)
        let team = try ChargedAccount.budget("team", 1_250_001).name
        #expect(try await world.refusal(charge) == .insufficient(team, available: .micros(1_250_001), held: .zero))
        let hold = try await world.held(world.charge(1_250_001, [cap, .budget("team", 1_250_001)], session: session, tool: tool))
        _ = try await world.ledger.settle(hold, cost: .micros(1_250_001), outcome: CallOutcome(kind: .toolError, duration: 17))
        let money = try await client.events(in: keys.ledger).map { try LedgerEvent($0.id, $0.json) }
        #expect(money.map(\.type) == ["budget_set", "budget_set", "budget_spend"])
        let spend = try #require(money.last)
        #expect(spend["sessionId"] == session.text && spend["tokenId"] == TokenID.sample("a").text)
        #expect(spend["tenantId"] == world.tenant.text && spend["nodeId"] == NodeID.sample.text && spend["budgetId"] == "team")
        #expect(spend.data["tool"] as? String == tool && spend.data["upstream"] as? String == "everything")
        #expect(spend.micros("cost") == 1_250_001 && spend.micros("remaining") == 0)
        #expect(spend.accounts.map { microsOf($0["available"]) } == [9_999_998_749_998, 0])
        let time = try #require(spend["timestamp"])
        let parsed = try Date(time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(abs(parsed.timeIntervalSince1970 * 1_000 - Double(try await client.serverTime())) < 5_000)
        let rest = try await client.events(in: keys.audit).map { try LedgerEvent($0.id, $0.json) }
        #expect(rest.map(\.type) == ["budget_exhausted", "tool_call"])
        let call = try #require(rest.last)
        #expect(call.data["outcome"] as? String == "tool_error" && call.data["durationMs"] as? Int == 17)
    }

    @Test("amounts are exact decimals from a millionth to the largest")
    func decimals() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        try await world.ledger.openBooks(of: world.tenant)
        for (micros, text) in [(1, "0.000001"), (99, "0.000099"), (100, "0.0001"), (12_300_000, "12.3"), (5_000_000, "5")] {
            let vast = try ChargedAccount.budget("vast\(micros)", 9_007_199_254_740_991)
            let hold = try await world.held(world.charge(Int64(micros), [vast]))
            _ = try await world.ledger.settle(hold, cost: .micros(Int64(micros)), outcome: .ok)
            let json = try #require(try await client.events(in: KeyNames.standard.keys(of: world.tenant).ledger).last).json
            #expect(json.contains("\"cost\":\(text),") && json.contains("\"limit\":9007199254.740991,"))
            #expect(json.contains("\"available\":\(Credits.micros(9_007_199_254_740_991 - Int64(micros))),"))
        }
    }

    @Test("what is kept is published on the tenant's channel, in order")
    func published() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let keys = KeyNames.standard.keys(of: world.tenant)
        let heard = Mutex<[String]>([])
        let ready = Mutex(false)
        let subscriber = Subscriber(
            client: client, channels: [keys.events], probeChannel: "probe:\(world.tenant.text)",
            onReady: { ready.withLock { $0 = true } },
            onMessage: { channel, bytes in
                if channel == keys.events { heard.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
            })
        let listening = Task { try await subscriber.run() }
        defer { listening.cancel() }
        #expect(await eventually { ready.withLock { $0 } })
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        _ = try await world.ledger.settle(try await world.held(world.charge(4, [team])), cost: .micros(3), outcome: .ok)
        _ = try await world.ledger.release(try await world.held(world.charge(4, [team])), outcome: .unsent)
        let kept = try await (client.events(in: keys.ledger) + client.events(in: keys.audit)).map {
            try (LedgerEvent($0.id, $0.json).seq, $0.json)
        }
        #expect(kept.count == 4)
        #expect(await eventually { heard.withLock { $0.count } == 4 })
        #expect(heard.withLock { $0 } == kept.sorted { $0.0 < $1.0 }.map(\.1))
    }

    @Test("a lapse and a late settle are told with what was written off")
    func lateSettle() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        let keys = KeyNames.standard.keys(of: world.tenant)
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let late = try await world.held(world.charge(6, [team], lease: 0))
        try await world.outliveNow()
        for _ in 0..<2 { _ = try await world.ledger.lapse(late.charge.call, of: world.tenant) }
        _ = try await world.held(world.charge(8, [team]))
        for _ in 0..<2 { _ = try await world.ledger.settle(late, cost: .micros(5), outcome: .ok) }
        let money = try await client.events(in: keys.ledger).map { try LedgerEvent($0.id, $0.json) }
        #expect(money.map(\.type) == ["budget_set", "hold_lapsed", "late_settle"])
        #expect(money[1].micros("amount") == 6)
        #expect(["cost", "charged", "writtenOff"].map { money[2].micros($0) } == [5, 2, 3])
    }

    @Test("an account is told to be exhausted once")
    func exhaustedOnce() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        try await world.ledger.openBooks(of: world.tenant)
        let team = try ChargedAccount.budget("team", 10)
        let first = try await world.held(world.charge(4, [team]))
        let second = try await world.held(world.charge(6, [team]))
        _ = try await world.ledger.settle(first, cost: .micros(4), outcome: .ok)
        _ = try await world.ledger.settle(second, cost: .micros(6), outcome: .ok)
        _ = try await world.ledger.settle(second, cost: .micros(6), outcome: .ok)
        let rest = try await client.events(in: KeyNames.standard.keys(of: world.tenant).audit).map { try LedgerEvent($0.id, $0.json) }
        #expect(rest.map(\.type) == ["tool_call", "budget_exhausted", "tool_call"])
    }

    @Test("a cap account lives a day longer than the longest-lived token under it")
    func capExpiry() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        try await world.ledger.openBooks(of: world.tenant)
        let key = KeyNames.standard.keys(of: world.tenant).account(.cap(.sample("c")))
        let now = try await client.serverTime()
        func expiry(after expires: Int64?) async throws -> Int64 {
            _ = try await world.held(world.charge(1, [.cap("c", 10, expires: expires)]))
            return try await client.send(["PEXPIRETIME", .text(key)]).number ?? 0
        }
        #expect(try await expiry(after: now + 200_000_000) == now + 200_000_000)
        #expect(try await expiry(after: now + 100_000_000) == now + 200_000_000)
        #expect(try await expiry(after: now + 300_000_000) == now + 300_000_000)
        #expect(try await expiry(after: 5) == now + 300_000_000)
        #expect(try await expiry(after: nil) == -1)
        #expect(try await expiry(after: now + 300_000_000) == -1)
    }

    @Test("an ended hold is remembered for ten minutes, an open one until it ends")
    func tombstones() async throws {
        let client = try await SharedRedis.client
        let world = try LedgerWorld.redis(client)
        try await world.ledger.openBooks(of: world.tenant)
        let hold = try await world.held(world.charge(4, [.budget("team", 10)]))
        let key = KeyNames.standard.keys(of: world.tenant).hold(hold.charge.call)
        #expect(try await client.send(["PTTL", .text(key)]).number == -1)
        _ = try await world.ledger.settle(hold, cost: .micros(4), outcome: .ok)
        let life = try await client.send(["PTTL", .text(key)]).number ?? 0
        #expect((590_000...600_000).contains(life))
    }
}

/// An event as a dashboard reads it.
struct LedgerEvent {
    private let members: [String: Any]
    let seq: Int

    init(_ id: String, _ json: String) throws {
        members = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        seq = try #require(members["seq"] as? Int)
        #expect(id == "\(seq)-0")
    }

    var type: String { members["type"] as? String ?? "" }
    var epoch: String { members["epoch"] as? String ?? "" }
    var data: [String: Any] { members["data"] as? [String: Any] ?? [:] }
    var accounts: [[String: Any]] { data["accounts"] as? [[String: Any]] ?? [] }
    subscript(_ key: String) -> String? { members[key] as? String }
    func micros(_ key: String) -> Int64 { microsOf(data[key]) }
}

/// A JSON number of credits in millionths; -1 where there is none.
private func microsOf(_ value: Any?) -> Int64 { (value as? NSNumber).map { Int64(($0.doubleValue * 1e6).rounded()) } ?? -1 }
