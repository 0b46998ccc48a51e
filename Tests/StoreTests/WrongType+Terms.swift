import Governance
import Store

/// Operations of calls with keys and rates.
extension WrongType {
    private static let known = sample("a")
    private static let waiting = sample("b")
    /// The key of no call yet.
    static let fresh = sample("c")
    static let rate = RateLimit(subject: "tenant", interval: 1_000, burst: 5)

    private static func sample(_ letter: Character) -> CallRecord {
        do { return try .sample(letter) } catch { preconditionFailure("a valid name") }
    }

    static let reserveWithTerms = WrongType("reserve with key and rate") { keys, _, _ in
        [keys.record(fresh.name), keys.rate(rate.subject)]
    } _: {
        _ = try await $0.world.ledger.reserve($0.world.charge(1, [$0.team], record: fresh, rates: [rate]))
    }

    static let settleWithKey = WrongType("settle with a key") { keys, call, _ in
        ending(keys, call) + [keys.record(known.name), keys.reports, keys.reportsSize]
    } _: {
        _ = try await $0.world.ledger.settle($0.keyed, cost: .micros(5), outcome: .ok, report: [1])
    }

    static let withTerms: [WrongType] = [
        reserveWithTerms, settleWithKey,
        WrongType("release with a key") { keys, call, _ in
            ending(keys, call) + [keys.record(known.name)]
        } _: {
            _ = try await $0.world.ledger.release($0.keyed, outcome: .unsent)
        },
        WrongType("extend with a key") { keys, call, _ in
            [keys.hold(call), keys.holds, keys.record(known.name)]
        } _: {
            let open = OpenHold(call: $0.keyed.charge.call, record: known.name)
            _ = try await $0.world.ledger.extend([open], of: $0.world.tenant, lease: 5)
        },
        WrongType("park with a key") { keys, call, _ in
            [keys.hold(call), keys.holds, keys.parked(call), keys.record(known.name)]
        } _: {
            _ = try await $0.world.ledger.park($0.world.round(1, of: $0.keyed.charge), life: 5)
        },
        WrongType("take with a key") { keys, call, _ in
            [keys.hold(call), keys.holds, keys.parked(call), keys.revoked, keys.record(waiting.name)]
        } _: {
            _ = try await $0.world.ledger.take($0.world.round(1, of: $0.waiting.charge), by: CallID(), of: [.sample("a")], lease: 5)
        },
        WrongType("recall") { keys, _, _ in
            [keys.record(known.name)]
        } _: {
            _ = try await $0.world.recall(known)
        },
        WrongType("note") { keys, _, _ in
            [keys.record(known.name)]
        } _: {
            _ = try await $0.world.ledger.note([1], of: $0.keyed.charge.call, in: known.name, of: $0.world.tenant)
        },
    ]
}
