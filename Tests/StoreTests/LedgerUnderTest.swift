import Fixtures
import Store
import Testing

/// An implementation of the ledger that the conformance suite runs on.
struct LedgerUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    private let make: @Sendable (LedgerLimits) async throws -> LedgerWorld

    init(testDescription: String, _ make: @escaping @Sendable (LedgerLimits) async throws -> LedgerWorld) {
        self.testDescription = testDescription
        self.make = make
    }

    /// One tenant's ledger, empty.
    func open(_ limits: LedgerLimits = LedgerLimits()) async throws -> LedgerWorld { try await make(limits) }

    /// On their own clocks.
    static let all =
        [
            LedgerUnderTest(testDescription: "in memory") { try LedgerWorld.inMemory(limits: $0) },
            LedgerUnderTest(testDescription: RedisTopology.chosen.testDescription) {
                try await LedgerWorld.redis(SharedRedis.client, limits: $0)
            },
            LedgerUnderTest(testDescription: "Redis, its keys watched") {
                try await LedgerWorld.redis(SharedRedis.client, .watched, limits: $0)
            },
        ]
        + RedisTopology.others.map { topology in
            LedgerUnderTest(testDescription: topology.testDescription) {
                try await LedgerWorld.redis(SharedRedis.client(of: topology), limits: $0)
            }
        }

    /// On a clock that only the test moves, for what depends on which of two comes first.
    static let clocked = [
        all[0],
        LedgerUnderTest(testDescription: "Redis, its clock moved") {
            try await LedgerWorld.clocked(SharedRedis.client, .clocked, limits: $0)
        },
        LedgerUnderTest(testDescription: "Redis, its clock moved, its keys watched") {
            try await LedgerWorld.clocked(SharedRedis.client, .clockedWatched, limits: $0)
        },
    ]
}
