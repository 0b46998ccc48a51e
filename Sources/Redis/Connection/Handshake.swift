import NIOCore

/// The commands that open a connection, sent in one go, and what their replies mean.
struct Handshake {
    private enum Step { case authenticate, select, name, role, time }

    private var steps: CircularBuffer<Step> = []
    /// What to send, in order.
    let commands: [[RedisArgument]]
    /// When it was sent.
    let sent: NIODeadline

    /// What a reply led to.
    enum Progress {
        case incomplete
        /// All is well; the reply to TIME.
        case complete(time: RedisValue)
        case failed(RedisError)
    }

    init(_ configuration: RedisConfiguration, now: NIODeadline) {
        var commands: [[RedisArgument]] = []
        if let credentials = configuration.credentials {
            let user = credentials.user.map { [RedisArgument.text($0)] } ?? []
            commands.append(["AUTH"] + user + [.text(credentials.password)])
            steps.append(.authenticate)
        }
        if configuration.database != 0 {
            commands.append(["SELECT", .integer(Int64(configuration.database))])
            steps.append(.select)
        }
        commands += [["CLIENT", "SETNAME", .text(configuration.clientName)], ["ROLE"], ["TIME"]]
        steps.append(contentsOf: [.name, .role, .time])
        self.commands = commands
        self.sent = now
    }

    /// Takes in the next reply.
    mutating func received(_ reply: RedisValue) -> Progress {
        guard let step = steps.popFirst() else { return .failed(.protocolViolation("a reply that nothing asked for")) }
        if case .error(let text) = reply {
            // The name is for people who read CLIENT LIST; a user who may not set it can still work.
            return step == .name ? .incomplete : .failed(RedisError(reply: text))
        }
        switch step {
        case .authenticate, .select, .name: return .incomplete
        case .role: return Self.isMaster(reply) ? .incomplete : .failed(.notSent("the server is not a master"))
        case .time: return .complete(time: reply)
        }
    }

    /// True for the ROLE reply of a master.
    static func isMaster(_ role: RedisValue) -> Bool { role.elements?.first?.text == "master" }
}
