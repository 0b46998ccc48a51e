import NIOCore

/// A command on its way, and who waits for its reply.
struct PendingCommand {
    /// Whose reply it is.
    enum Receiver {
        case caller(CheckedContinuation<Result<RedisValue, RedisError>, Never>)
        /// The heartbeat's TIME, sent then.
        case clock(NIODeadline)
        /// The heartbeat's ROLE.
        case role
    }

    let arguments: [RedisArgument]
    /// The most bytes that it takes when written.
    let bound: Int
    let receiver: Receiver

    init(_ arguments: [RedisArgument], for receiver: Receiver) {
        self.arguments = arguments
        self.bound = CommandEncoder.bound(of: arguments)
        self.receiver = receiver
    }
}
