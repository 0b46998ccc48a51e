import NIOCore

/// One server for all slots.
struct SingleNode: Topology {
    let pool: NodePool

    func pool(for slot: HashSlot?) async throws(RedisError) -> NodePool { pool }

    /// A server that is loading, or was demoted, may be itself again before the deadline; it has no one to redirect us to.
    func learn(from error: RedisError) async -> Bool {
        switch error {
        case .unavailable, .protocolViolation: true
        case .server(let code, _): RetryCode(rawValue: code) != nil
        case .notSent, .crossSlot, .badURL, .badTLS: false
        }
    }

    func run() async throws { try await pool.run() }

    func pending() async -> Int { await pool.pending() }

    var isReady: Bool { pool.isReady }

    func ready(by deadline: NIODeadline) async throws(RedisError) { try await pool.ready(by: deadline) }
}

/// Error codes by which a server says that it did not run the command and may run it soon.
enum RetryCode: String {
    case loading = "LOADING"
    case readOnly = "READONLY"
    case masterDown = "MASTERDOWN"
    case clusterDown = "CLUSTERDOWN"
    case tryAgain = "TRYAGAIN"
    case noReplicas = "NOREPLICAS"
}
