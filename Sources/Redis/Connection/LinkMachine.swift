import NIOCore

/// What becomes of one link to a server and of the commands given to it: decisions only, no I/O, no clock of its own.
///
/// A link outlives its connections. Replies come in the order of the commands, so a command that ran out of time stays in line, without its
/// item, until its reply comes or the connection ends.
struct LinkMachine<Item> {
    private struct Entry {
        /// Nil once it ran out of time.
        var item: Item?
        let deadline: NIODeadline
        /// Without a reply by then the connection is given up.
        var patience: NIODeadline
        let bytes: Int
    }

    private let configuration: RedisConfiguration
    /// What commands usually may take.
    private let usual: TimeAmount
    private var lifecycle: Lifecycle
    private var waiting: CircularBuffer<Entry> = []
    private var unanswered: CircularBuffer<Entry> = []
    private var bytes = 0
    private var lastFailure = "not started"
    private var hasStopped = false

    init(configuration: RedisConfiguration) {
        self.configuration = configuration
        usual = TimeAmount(configuration.commandTimeout)
        self.lifecycle = Lifecycle(configuration: configuration)
    }

    /// True between a complete handshake and the connection's loss.
    var isReady: Bool { lifecycle.isReady }
    /// Items that wait to be sent or answered.
    var pending: Int { waiting.count + unanswered.count }

    // MARK: Connecting

    /// Begins; true: connect.
    mutating func start(now: NIODeadline) -> Bool {
        lastFailure = "still connecting"
        hasStopped = false
        return lifecycle.start(now: now)
    }

    /// The rest after a failure is over; true: connect.
    mutating func rested(now: NIODeadline) -> Bool { lifecycle.rested(now: now) }

    /// The socket is open: these commands go first. Nil: it is not wanted any more.
    mutating func opened(now: NIODeadline, as credentials: RedisCredentials?) -> [[RedisArgument]]? {
        lifecycle.opened(now: now, as: credentials)
    }

    /// What follows the end of a connection or of an attempt at one.
    struct Loss {
        /// Fail with `error`.
        var failed: [Item] = []
        var error: RedisError
        /// Failures in a row, which set the rest before the next attempt; nil: no further attempt.
        var failures: Int?
    }

    /// The connection, or the attempt at one, has ended. What waits unsent goes on waiting.
    mutating func lost(because error: RedisError, now: NIODeadline) -> Loss {
        let failed = unanswered.compactMap(\.item)
        bytes -= unanswered.reduce(0) { $0 + $1.bytes }
        unanswered.removeAll()
        lastFailure = error.description
        return Loss(failed: failed, error: error, failures: lifecycle.lost(now: now))
    }

    /// Ends for good (until started again): what comes now is refused.
    mutating func stop() -> [(Item, RedisError)] {
        let failed =
            unanswered.compactMap(\.item).map { ($0, RedisError.unavailable(RedisError.stopped)) }
            + waiting.compactMap(\.item).map { ($0, RedisError.notSent(RedisError.stopped)) }
        unanswered.removeAll()
        waiting.removeAll()
        bytes = 0
        lifecycle.stop()
        hasStopped = true
        return failed
    }

    // MARK: Commands

    /// What to do with a command just given.
    enum Submission {
        /// Write it.
        case send
        /// It is kept until the link is ready.
        case wait
        case refuse(RedisError)
    }

    /// Takes in a command that is worth `bytes` until it is answered.
    mutating func submit(_ item: Item, bytes: Int, deadline: NIODeadline, now: NIODeadline) -> Submission {
        guard !hasStopped else { return .refuse(.notSent(RedisError.stopped)) }
        guard now < deadline else { return .refuse(.notSent("its deadline had passed")) }
        guard waiting.count + unanswered.count < configuration.pendingCommands, self.bytes + bytes <= configuration.pendingBytes else {
            return .refuse(.notSent("too many commands are waiting for a reply"))
        }
        self.bytes += bytes
        let entry = Entry(item: item, deadline: deadline, patience: patience(now, deadline), bytes: bytes)
        guard lifecycle.isReady else {
            waiting.append(entry)
            return .wait
        }
        unanswered.append(entry)
        return .send
    }

    /// What a reply led to.
    enum Reception {
        case nothing
        /// The handshake is complete: write these.
        case ready([Item], Arrival)
        /// The reply is that to the item.
        case answer(Item)
        /// Close the connection, then report it lost for this reason.
        case broken(RedisError)
    }

    /// What the handshake told.
    struct Arrival {
        /// Answers the TIME sent at `asked`; nil where none was.
        let time: RedisValue?
        let asked: NIODeadline
        /// The server's `run_id`; nil where it is not told.
        let run: String?
    }

    /// Takes in the next reply of the connection, which is looked into only where it answers the handshake.
    mutating func received(_ reply: @autoclosure () -> RedisValue, now: NIODeadline) -> Reception {
        if lifecycle.isReady { return answered() }
        switch lifecycle.greeted(by: reply(), now: now) {
        case .incomplete, .over: return .nothing
        case .failed(let error): return .broken(error)
        case .complete(let time, let asked, let run): return .ready(release(now: now), Arrival(time: time, asked: asked, run: run))
        }
    }

    private mutating func answered() -> Reception {
        guard let entry = unanswered.popFirst() else { return .broken(.protocolViolation("a reply that nothing asked for")) }
        bytes -= entry.bytes
        guard let item = entry.item else { return .nothing }
        return .answer(item)
    }

    /// What waited is now on its way.
    private mutating func release(now: NIODeadline) -> [Item] {
        unanswered = waiting
        waiting.removeAll()
        for index in unanswered.indices { unanswered[index].patience = patience(now, unanswered[index].deadline) }
        return unanswered.compactMap(\.item)
    }

    /// Twice what the command may take, and never less than twice what commands usually may.
    private func patience(_ now: NIODeadline, _ deadline: NIODeadline) -> NIODeadline {
        let time = max(deadline - now, usual)
        return now + time + time
    }

    // MARK: Time

    /// What the passing of time led to.
    struct Expiry {
        var failed: [(Item, RedisError)] = []
        /// Close the connection, then report it lost for this reason.
        var broken: RedisError?
    }

    /// Takes out what has run out of time.
    mutating func expire(now: NIODeadline) -> Expiry {
        var expiry = Expiry()
        waiting.removeAll { entry in
            guard entry.deadline <= now else { return false }
            bytes -= entry.bytes
            if let item = entry.item { expiry.failed.append((item, .notSent("not connected: \(lastFailure)"))) }
            return true
        }
        for index in unanswered.indices where unanswered[index].deadline <= now {
            guard let item = unanswered[index].item else { continue }
            unanswered[index].item = nil
            expiry.failed.append((item, .unavailable("no reply in time")))
        }
        if let oldest = unanswered.first, oldest.patience <= now { expiry.broken = .unavailable("the connection has stalled") }
        if let patience = lifecycle.patience, patience <= now { expiry.broken = .notSent("no reply to the handshake in time") }
        return expiry
    }

    /// When `expire` is next to be called; nil while there is nothing to wait for.
    var nextExpiry: NIODeadline? {
        var next = waiting.lazy.map(\.deadline).min()
        for entry in unanswered where entry.item != nil { next = min(next ?? entry.deadline, entry.deadline) }
        if let oldest = unanswered.first { next = min(next ?? oldest.patience, oldest.patience) }
        if let patience = lifecycle.patience { next = min(next ?? patience, patience) }
        return next
    }
}
