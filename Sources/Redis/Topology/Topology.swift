import NIOCore

/// Decides which server answers for a slot, and what to learn from a failure.
protocol Topology: Sendable {
    /// The server to ask; no slot: any.
    func pool(for slot: HashSlot?) async throws(RedisError) -> NodePool
    /// Takes in a redirect or a loss; says whether another attempt is worthwhile.
    func learn(from error: RedisError) async -> Bool
    /// Keeps the connections until cancelled.
    func run() async throws
    /// Commands that wait to be sent or answered.
    func pending() async -> Int
    /// True when every server can be asked at once.
    var isReady: Bool { get }
    /// Waits until every server answers on every loop, at most until the deadline.
    func ready(by deadline: NIODeadline) async throws(RedisError)
}
