import NIOCore

/// A command on its way, and who waits for its reply.
struct PendingCommand {
    /// Whose reply it is.
    enum Receiver {
        case caller(ReplyContinuation)
        /// The heartbeat's TIME, sent then.
        case clock(NIODeadline)
        /// The heartbeat's ROLE.
        case role
        /// A batch of commands that share a WAIT; an error reply comes as a value.
        case batch((Result<RedisValue, RedisError>) -> Void)
        /// Nobody's: what follows it tells.
        case none
    }

    let command: EncodedCommand
    let receiver: Receiver
    /// When it was handed to its link.
    var submitted: NIODeadline?

    init(_ command: EncodedCommand, for receiver: Receiver) {
        self.command = command
        self.receiver = receiver
    }

    /// Lets the next command of its connection be run by a server to which the slot is just moving.
    static var asking: PendingCommand { PendingCommand(EncodedCommand(["ASKING"]), for: .none) }
}
