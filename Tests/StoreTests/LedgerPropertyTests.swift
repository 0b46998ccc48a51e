import Fixtures
import Foundation
import Governance
import Redis
import Store
import Testing

@Suite("The ledger in Redis against its model")
struct LedgerPropertyTests {
    /// Operations of each walk; up to 100,000 pass less time than ended calls are remembered.
    private static let length = ProcessInfo.processInfo.environment["SATGATE_WALK"].flatMap { Int($0) } ?? 1_600

    @Test("102,400 random operations are answered alike, and the books always balance", .timeLimit(.minutes(length > 1_600 ? 30 : 3)))
    func sameReplies() async throws {
        let seed = ProcessInfo.processInfo.environment["SATGATE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
        let outcomes = try await Self.walk(64, Self.length, seed, on: .chosen)
        #expect(outcomes.isSuperset(of: Self.everyOutcome), "never seen: \(Self.everyOutcome.subtracting(outcomes))")
    }

    @Test("1,600 of them are answered alike wherever Redis keeps its masters", .timeLimit(.minutes(1)), arguments: RedisTopology.others)
    func sameRepliesElsewhere(_ topology: RedisTopology) async throws {
        _ = try await Self.walk(8, 200, UInt64.random(in: 0 ... .max), on: topology)
    }

    /// So many walks at once, of `length` operations each; what they met together.
    private static func walk(_ count: Int, _ length: Int, _ seed: UInt64, on topology: RedisTopology) async throws -> Set<String> {
        let client = try await SharedRedis.client(of: topology)
        return try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for index in 0..<count {
                group.addTask {
                    var walk = try await LedgerWalk(
                        seed: seed &+ UInt64(index), client, index.isMultiple(of: 8) ? .clockedWatched : .clocked)
                    do { try await walk.run(length) } catch {
                        Issue.record("SATGATE_SEED=\(seed), walk \(index), operation \(walk.steps): \(error)")
                        throw error
                    }
                    return walk.outcomes
                }
            }
            return try await group.reduce(into: Set()) { $0.formUnion($1) }
        }
    }

    @Test("a ledger that errs is found out", arguments: Mistake.inLedger)
    func mistakes(_ mistake: Mistake) async throws {
        let client = try await SharedRedis.client
        let scripts = try #require(mistake.scripts(StoreScripts.clock))
        for seed in UInt64(1)...20 {
            var walk = try await LedgerWalk(seed: seed, client, scripts)
            do { try await walk.run(500) } catch StoreError.unavailable(let reason) { throw FixtureError(reason) } catch { return }
        }
        Issue.record("not noticed")
    }

    /// What the walks together must have met, or they prove less than they seem to.
    private static let everyOutcome: Set<String> = Set(
        ["granted", "free", "sessionGone", "revoked", "noAccount", "insufficient", "conflict", "rateLimited", "rolledBack"]
            + ["noAccount", "insufficient", "rolledBack"].map { "granted, excess \($0)" }
            + ["settled", "released", "lapsed", "lateSettled", "superseded"].map { "ended \($0)" }
            + ["settled", "lateSettled", "released", "unknown", "superseded"].map { "settle \($0)" }
            + ["settled", "lateSettled", "released", "lapsed", "superseded"].map { "release \($0)" }
            + HoldState.allCases.map { "lapse \($0)" } + HoldState.allCases.map { "extend \($0)" }
            + Parking.allCases.map { "park \($0)" } + Taking.allCases.map { "take \($0)" }
            + ["done", "done without report", "running", "asking"].map { "recalled \($0)" }
            + ["done", "done without report", "running", "asking", "nothing", "conflict"].map { "recall \($0)" }
            + ["note true", "note false", "awaited", "over", "rolled over"])
}
