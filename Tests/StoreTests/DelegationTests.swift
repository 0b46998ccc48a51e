import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("Delegations in Redis", .timeLimit(.minutes(2)))
struct DelegationTests {
    @Test("a budget is carved out of all accounts of the chain, and is an account of its own")
    func carved() async throws {
        let bench = try await DelegationBench()
        let child = try bench.child()
        let reply = try await bench.delegate(child, 30, from: [("cap", 100), ("team", 50)])
        #expect(reply == .delegated(child, remaining: bench.credits(20)))
        try await bench.expect("cap", limit: 100, delegated: 30)
        try await bench.expect("team", limit: 50, delegated: 30)
        try await bench.expect(child.budget.text, limit: 30)
        let told = try await bench.events("delegation")
        #expect(told.count == 1 && told[0].contains(#""childBudgetId":"\#(child.budget)""#) && told[0].contains(#""parentRemaining":20,"#))
        #expect(
            told[0].contains(#""account":"\#(child.budget)","limit":30"#)
                && told[0].contains(#""account":"cap","limit":100,"available":70"#))
    }

    @Test("a repeated request carves once and answers the same, another one under its name conflicts")
    func repeated() async throws {
        let bench = try await DelegationBench()
        let request = bench.request()
        let child = try bench.child()
        for number in 0..<3 {
            let proposal = number == 0 ? child : try bench.child(expires: 5)
            let reply = try await bench.delegate(proposal, 30, from: [("team", 50)], as: request)
            #expect(reply == .delegated(child, remaining: bench.credits(20)))
        }
        #expect(try await bench.delegate(try bench.child(), 30, from: [("team", 50)], as: request, "other") == .refused(.conflict))
        try await bench.expect("team", limit: 50, delegated: 30)
        #expect(try await bench.events("delegation").count == 1)
        let results = await withTaskGroup(of: DelegationReply?.self) { group in
            let request = bench.request()
            for _ in 0..<16 { group.addTask { try? await bench.delegate(bench.child(), 1, from: [("team", 50)], as: request) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(results).count == 1 && results[0] != nil)
        try await bench.expect("team", limit: 50, delegated: 31)
    }

    @Test("more than any account has is refused, and nothing of it is written")
    func refused() async throws {
        let bench = try await DelegationBench()
        _ = try await bench.delegate(try bench.child(), 40, from: [("cap", 100), ("team", 50)])
        let team = AccountName.budget(try #require(BudgetName("team")))
        for amount in [11, 50, 1000] {
            let reply = try await bench.delegate(try bench.child(), amount, from: [("cap", 100), ("team", 50)])
            let cap = AccountName.budget(try #require(BudgetName("cap")))
            let isTooMuchForBoth = amount > 60
            let expected = DelegationRefusal.insufficient(
                isTooMuchForBoth ? cap : team, available: bench.credits(isTooMuchForBoth ? 60 : 10))
            #expect(reply == .refused(expected))
        }
        try await bench.expect("cap", limit: 100, delegated: 40)
        #expect(
            try await bench.delegate(try bench.child(), 1, from: [("none", nil)])
                == .refused(.noAccount(.budget(try #require(BudgetName("none"))))))
        try await bench.revoke(bench.parent)
        #expect(try await bench.delegate(try bench.child(), 1, from: [("team", 50)]) == .refused(.revoked))
        #expect(try await bench.events("delegation").count == 1)
    }

    @Test("a repeat after the token was revoked gives nothing away")
    func revokedRepeat() async throws {
        let bench = try await DelegationBench()
        let request = bench.request()
        _ = try await bench.delegate(try bench.child(), 1, from: [("team", 50)], as: request)
        try await bench.revoke(bench.parent)
        #expect(try await bench.delegate(try bench.child(), 1, from: [("team", 50)], as: request) == .refused(.revoked))
    }

    @Test("an account has a thousand living children at most")
    func bounded() async throws {
        let bench = try await DelegationBench()
        _ = try await bench.delegate(try bench.child(), 1, from: [("team", 50)])
        _ = try await bench.client.send(["HSET", .text(bench.key("team")), "children", "1000"])
        let reply = try await bench.delegate(try bench.child(), 1, from: [("team", 50)])
        #expect(reply == .refused(.tooMany(.budget(try #require(BudgetName("team"))))))
    }

    @Test("at its end a child's rest goes back once, and what it spent leaves with the next window")
    func returned() async throws {
        let bench = try await DelegationBench()
        let now = try await bench.client.serverTime()
        let window = WindowEnds(first: now + 700, second: now + 60_000)
        let child = try bench.child(expires: now + 200)
        _ = try await bench.delegate(child, 30, from: [("cap", 100), ("team", 50)], window: window)
        #expect(try await bench.end(child) == .live)
        try await bench.spend(12, of: child.budget.text)
        let ended = try await eventually { try await bench.end(child) == .returned(bench.credits(18)) }
        #expect(ended)
        #expect(try await bench.end(child) == .unknown)
        try await bench.expect("cap", limit: 100, delegated: 12, drained: 12)
        try await bench.expect(child.budget.text, limit: 12, spent: 12)
        let told = try await bench.events("delegation_return")
        #expect(told.count == 1 && told[0].contains(#""amount":18,"used":12,"reason":"expired""#))
        #expect(try await bench.delegations.due(of: bench.tenant, limit: 10) == DueDelegations(children: [], anyLive: false))
        _ = await eventually { (try? await bench.client.serverTime()) ?? 0 > window.first }
        let later = WindowEnds(first: window.second, second: window.second + 60_000)
        _ = try await bench.delegate(try bench.child(), 1, from: [("cap", 100), ("team", 50)], window: later)
        try await bench.expect("team", limit: 50, delegated: 1)
        try await bench.expect("cap", limit: 100, delegated: 1)
        let life = try #require(try await bench.client.send(["PTTL", .text(bench.key(child.budget.text))]).number)
        #expect(life > 86_000_000 && life <= 86_401_000)
    }

    @Test("a child with an open hold, or with children of its own, waits; then all goes back")
    func postponed() async throws {
        let bench = try await DelegationBench()
        let now = try await bench.client.serverTime()
        let child = try bench.child(expires: now)
        let grandchild = try bench.child(expires: now)
        _ = try await bench.delegate(child, 30, from: [("team", 50)])
        _ = try await bench.delegate(grandchild, 10, from: [(child.budget.text, nil)])
        let hold = try await bench.hold(4, of: child.budget.text)
        _ = await eventually { (try? await bench.client.serverTime()) ?? 0 > now + 1 }
        #expect(try await bench.end(child) == .postponed)
        #expect(try await bench.delegations.due(of: bench.tenant, limit: 10).children == [grandchild.budget], "looked at again later")
        #expect(try await bench.end(grandchild) == .returned(bench.credits(10)))
        #expect(try await eventually { try await bench.end(child) == .postponed })
        try await bench.expect(child.budget.text, limit: 30, held: 4)
        _ = try await bench.ledger.settle(hold, cost: bench.credits(4), outcome: CallOutcome(kind: .ok, duration: 1))
        let isBack = try await eventually { try await bench.end(child) == .returned(bench.credits(26)) }
        #expect(isBack)
        try await bench.expect("team", limit: 50, delegated: 4, drained: 4)
        #expect(try await bench.ledger.reserve(bench.charge(1, of: child.budget.text)).isInsufficient)
    }

    @Test("children are found by any token that they are made of, and end when that is revoked")
    func revoked() async throws {
        let bench = try await DelegationBench()
        let (child, grandchild) = (try bench.child(), try bench.child())
        _ = try await bench.delegate(child, 30, from: [("team", 50)], lineage: [.sample("7")])
        _ = try await bench.delegate(grandchild, 10, from: [(child.budget.text, nil)], lineage: [.sample("7"), .sample("8")])
        let other = try bench.child()
        _ = try await bench.delegate(other, 5, from: [("team", 50)], lineage: [.sample("9")])
        #expect(try await Set(bench.delegations.children(of: bench.tenant, madeOf: [.sample("7")])) == [child.budget, grandchild.budget])
        #expect(try await bench.end(child) == .live)
        try await bench.revoke(.sample("7"))
        #expect(try await bench.end(child) == .postponed)
        #expect(try await bench.end(grandchild) == .returned(bench.credits(10)))
        #expect(try await bench.end(child) == .returned(bench.credits(30)))
        #expect(try await bench.end(other) == .live)
        try await bench.expect("team", limit: 50, delegated: 5)
        #expect(try await bench.events("delegation_return").allSatisfy { $0.contains(#""reason":"revoked""#) })
    }

    @Test("an account that was made anew since gets nothing back")
    func anew() async throws {
        let bench = try await DelegationBench()
        let child = try bench.child(expires: 1)
        _ = try await bench.delegate(child, 30, from: [("cap", 100), ("team", 50)])
        _ = try await bench.client.send(["DEL", .text(bench.key("cap"))])
        _ = try await bench.delegate(try bench.child(), 1, from: [("cap", 100)])
        #expect(try await bench.end(child) == .returned(bench.credits(30)))
        try await bench.expect("cap", limit: 100, delegated: 1)
        try await bench.expect("team", limit: 50)
    }

    @Test("keys of a wrong type change nothing")
    func wrongTypes() async throws {
        for place in ["request", "revoked", "delegations", "child", "audit", "ledger", "team"] {
            let bench = try await DelegationBench()
            let (child, request) = (try bench.child(), bench.request())
            let keys = KeyNames.standard.keys(of: bench.tenant)
            let names = [
                "request": keys.request(request), "revoked": keys.revoked, "delegations": keys.delegations,
                "child": bench.key(child.budget.text), "audit": keys.audit, "ledger": keys.ledger, "team": bench.key("team"),
            ]
            let broken = try #require(names[place])
            _ = try await bench.client.send(["SET", .text(broken), "x"])
            await #expect(throws: StoreError.self, "\(place)") {
                try await bench.delegate(child, 1, from: [("team", 50)], as: request)
            }
            for name in names.values where name != broken { #expect(try await bench.client.send(["EXISTS", .text(name)]).number == 0) }
        }
    }
}
