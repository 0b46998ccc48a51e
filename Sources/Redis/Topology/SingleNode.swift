import NIOCore

/// One server for all slots.
struct SingleNode: Topology {
    private let pool: NodePool

    init(_ address: ServerAddress, _ pools: NodePools) {
        pool = pools.pool(at: address)
    }

    func known(for slot: HashSlot?) -> NodePool? { pool }

    func pool(for slot: HashSlot?, by deadline: NIODeadline) async throws(RedisError) -> NodePool { pool }

    /// A server that is loading, or was demoted, may be itself again before the deadline; it has no one to redirect us to.
    func learn(from error: RedisError, at pool: NodePool, for slot: HashSlot?) async -> Lesson {
        switch error {
        case .unavailable, .protocolViolation: .again
        case .server(let code, _): RetryCode(rawValue: code) == nil ? .final : .again
        case .notSent, .crossSlot, .badURL, .badTLS, .badSecret: .final
        }
    }

    func address(for slot: HashSlot?) -> ServerAddress? { pool.address }

    func subscriberLost(_ error: RedisError, at address: ServerAddress?) {}

    func run() async throws {
        pool.start()
        await untilCancelled()
        await pool.stop()
    }

    func pending() async -> Int { await pool.pending() }

    var isReady: Bool { pool.isReady }

    func ready(by deadline: NIODeadline) async throws(RedisError) { try await pool.ready(by: deadline) }
}

/// Returns when the task is cancelled.
func untilCancelled() async { for await _ in AsyncStream<Never>.makeStream().stream {} }
