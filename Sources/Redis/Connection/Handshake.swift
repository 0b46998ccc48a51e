import NIOCore

/// The commands that open a connection, sent in one go, and what their replies mean.
struct Handshake {
    private enum Step { case authenticate, select, name, role, run, time, ping }

    private var steps: CircularBuffer<Step> = []
    private var run: String?
    /// What to send, in order.
    let commands: [[RedisArgument]]
    /// When it was sent.
    let sent: NIODeadline

    /// What a reply led to.
    enum Progress {
        case incomplete
        /// All is well; the reply to TIME, which a sentinel is not asked, and the server's `run_id` where it tells it.
        case complete(time: RedisValue?, run: String?)
        case failed(RedisError)
    }

    init(_ configuration: RedisConfiguration, as credentials: RedisCredentials?, now: NIODeadline) {
        var commands: [[RedisArgument]] = []
        if let credentials {
            commands.append(credentials.command)
            steps.append(.authenticate)
        }
        if configuration.database != 0 {
            commands.append(["SELECT", .integer(Int64(configuration.database))])
            steps.append(.select)
        }
        commands.append(["CLIENT", "SETNAME", .text(configuration.clientName)])
        steps.append(.name)
        switch configuration.peer {
        case .master:
            commands += [["ROLE"], ["INFO", "server"], ["TIME"]]
            steps.append(contentsOf: [.role, .run, .time])
        case .sentinel:
            commands.append(["PING"])
            steps.append(.ping)
        }
        self.commands = commands
        self.sent = now
    }

    /// Takes in the next reply.
    mutating func received(_ reply: RedisValue) -> Progress {
        guard let step = steps.popFirst() else { return .failed(.protocolViolation("a reply that nothing asked for")) }
        if case .error(let text) = reply {
            // The name is for people who read CLIENT LIST, the run spares a look at the books; a user who may not ask can still work.
            return step == .name || step == .run ? .incomplete : .failed(RedisError(reply: text))
        }
        switch step {
        case .authenticate, .select, .name: return .incomplete
        case .role: return Self.isMaster(reply) ? .incomplete : .failed(.notSent("the server is not a master"))
        case .run:
            run = Self.run(in: reply.bytes ?? [])
            return .incomplete
        case .time: return .complete(time: reply, run: run)
        case .ping: return .complete(time: nil, run: nil)
        }
    }

    /// The `run_id` of an INFO reply.
    private static func run(in info: [UInt8]) -> String? {
        let line = info.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "run_id:".utf8) }
        let id = line?.dropFirst(7).prefix { $0 != UInt8(ascii: "\r") } ?? []
        return id.isEmpty ? nil : String(decoding: id, as: UTF8.self)
    }

    /// True for the ROLE reply of a master.
    static func isMaster(_ role: RedisValue) -> Bool { role.elements?.first?.text == "master" }
}
