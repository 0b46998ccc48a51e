import Fixtures
import Governance
import Redis
import Store
import Testing

@Suite("What calls that end together have in common", .timeLimit(.minutes(2)))
struct SliceBatchTests {
    @Test("each call of a batch is told of with its own caller, price, outcome and duration", arguments: SliceWorld.all)
    func company(_ subject: SliceWorld) async throws {
        try await subject.run { desk in
            let team = try ChargedAccount.budget("team", 4_000_000)
            try await desk.make([team])
            let slice = try await desk.take(1_000_000, [team])
            let endings = try (0..<24).map { place in
                let charge = try desk.world.charge(
                    10_000, [team], lineage: [.sample(place % 2 == 0 ? "a" : "b")], tool: place % 3 == 0 ? "echo" : "add")
                let outcome = CallOutcome(kind: place % 4 == 0 ? .toolError : .ok, duration: Int64(place))
                return (charge, Int64(place % 5) * 1_000, outcome)
            }
            let batch = endings.map { SliceEnding.call(Hold(charge: $0.0, slice: slice), cost: .micros($0.1), $0.2) }
            let receipts = try await desk.slices.settle(batch, of: desk.world.tenant)
            #expect(receipts.map(\.charged) == endings.map { .micros($0.1) })
            try await expectToldAs(endings, desk)
            try await expectBooks(desk.world, team) { $0.held == .micros(760_000) && $0.spent == .micros(46_000) }
            #expect(try await desk.differences() == [])
        }
    }

    /// Each duration is of one call only.
    private func expectToldAs(_ endings: [(charge: Charge, cost: Int64, outcome: CallOutcome)], _ desk: SliceDesk) async throws {
        let keys = KeyNames.standard.keys(of: desk.world.tenant)
        let calls = try await desk.client.events(in: keys.audit).map(\.json)
        let spends = try await desk.client.events(in: keys.ledger).map(\.json)
        for (charge, cost, outcome) in endings {
            let cost = Credits.micros(cost)
            let (who, what) = ("\"tokenId\":\"\(charge.context.token)\"", "\"tool\":\"\(charge.context.tool)\"")
            let end = "\"cost\":\(cost),\"durationMs\":\(outcome.duration),\"outcome\":\"\(outcome.kind.rawValue)\""
            #expect(calls.count { $0.contains(who) && $0.contains(what) && $0.contains(end) } == 1)
            let spend = "\"call\":\"\(charge.call)\",\"cost\":\(cost),"
            #expect(spends.count { $0.contains(who) && $0.contains(what) && $0.contains(spend) } == (cost == .zero ? 0 : 1))
        }
    }
}
