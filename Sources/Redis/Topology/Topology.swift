import NIOCore

/// Decides which server answers for a slot, and what to learn from a failure.
protocol Topology: Sendable {
    /// The server to ask; no slot: any. Nil where `pool(for:by:)` is to be asked, which may take its time or say why there is none.
    func known(for slot: HashSlot?) -> NodePool?
    /// The server to ask; no slot: any. Where none is known yet it waits for one, at most until the deadline.
    func pool(for slot: HashSlot?, by deadline: NIODeadline) async throws(RedisError) -> NodePool
    /// Takes in why a command for `slot` failed at `pool`; says whether another attempt is worthwhile.
    func learn(from error: RedisError, at pool: NodePool, for slot: HashSlot?) async -> Lesson
    /// The server that a subscriber of a channel in `slot` connects to; no slot: any. Nil while none is known.
    func address(for slot: HashSlot?) -> ServerAddress?
    /// Takes in that a subscriber's connection to `address` was lost, or could not be made, or was refused for a reason that `error` tells.
    func subscriberLost(_ error: RedisError, at address: ServerAddress?)
    /// True while a subscriber of a channel in `slot` hears all there; no slot: of a channel that all servers know.
    func serves(_ address: ServerAddress, _ slot: HashSlot?) -> Bool
    /// True where the server for `slot` could answer at once, as far as is known.
    func canReach(_ slot: HashSlot) -> Bool
    /// Keeps the connections until cancelled.
    func run() async throws
    /// Commands that wait to be sent or answered.
    func pending() async -> Int
    /// True when every server can be asked at once.
    var isReady: Bool { get }
    /// Waits until every server answers on every loop, at most until the deadline.
    func ready(by deadline: NIODeadline) async throws(RedisError)
}

extension Topology {
    func serves(_ address: ServerAddress, _ slot: HashSlot?) -> Bool { true }
    func canReach(_ slot: HashSlot) -> Bool { isReady }
}

/// What follows from the failure of a command.
enum Lesson {
    /// Nothing that another attempt could change.
    case final
    /// It may go better soon.
    case again
    /// It is to be sent to that server, at once; `asking`: with ASKING before it.
    case redirected(NodePool, asking: Bool)
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
