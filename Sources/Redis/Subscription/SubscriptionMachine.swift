import NIOCore

/// What becomes of a subscriber's connection: decisions only, no I/O, no clock of its own.
struct SubscriptionMachine {
    private let channels: [String]
    private let patterns: [String]
    private let probe: String
    /// What the words of sharded channels begin with; empty for others.
    private let mark: String
    /// Nothing heard for so long: the connection is dead, whatever the socket says.
    private let silence: TimeAmount
    private var lifecycle: Lifecycle
    /// Channels not confirmed yet.
    private var missing: Set<String> = []
    /// Patterns not confirmed yet.
    private var missingPatterns: Set<String> = []
    private var heard = NIODeadline.distantPast

    /// `isSharded`: by SSUBSCRIBE, without patterns.
    init(
        configuration: RedisConfiguration, channels: [String], patterns: [String] = [], probe: String, isSharded: Bool = false,
        silence: TimeAmount
    ) {
        mark = isSharded ? "s" : ""
        self.channels = channels
        self.patterns = patterns
        self.probe = probe
        self.silence = silence
        self.lifecycle = Lifecycle(configuration: configuration)
    }

    /// True between a complete handshake and the connection's loss.
    var isReady: Bool { lifecycle.isReady }

    /// Begins; true: connect.
    mutating func start(now: NIODeadline) -> Bool { lifecycle.start(now: now) }

    /// The rest after a failure is over; true: connect.
    mutating func rested(now: NIODeadline) -> Bool { lifecycle.rested(now: now) }

    /// The socket is open: these commands go first. Nil: it is not wanted any more.
    mutating func opened(now: NIODeadline, as credentials: RedisCredentials?) -> [[RedisArgument]]? {
        lifecycle.opened(now: now, as: credentials)
    }

    /// The connection, or the attempt at one, has ended: the failures in a row; nil: no further attempt.
    mutating func lost(now: NIODeadline) -> Int? { lifecycle.lost(now: now) }

    /// Ends; it may be started again.
    mutating func stop() { lifecycle.stop() }

    /// What a reply led to.
    enum Reception: Equatable {
        case nothing
        /// Send these.
        case subscribe([[RedisArgument]])
        /// Every channel and pattern is confirmed: from here on nothing is missed.
        case ready
        case message(channel: String, [UInt8])
        /// Close the connection, then report it lost for this reason.
        case broken(RedisError)
    }

    /// Takes in the next reply or message of the connection.
    mutating func received(_ reply: RedisValue, now: NIODeadline) -> Reception {
        heard = now
        switch lifecycle.greeted(by: reply, now: now) {
        case .incomplete: return .nothing
        case .failed(let error): return .broken(error)
        case .complete:
            missing = Set(channels + [probe])
            missingPatterns = Set(patterns)
            let commands: [[RedisArgument]] = [
                [.text(mark.uppercased() + "SUBSCRIBE")] + missing.sorted().map { .text($0) },
                ["PSUBSCRIBE"] + missingPatterns.sorted().map { .text($0) },
            ]
            return .subscribe(commands.filter { $0.count > 1 })
        case .over: return pushed(reply)
        }
    }

    private mutating func pushed(_ reply: RedisValue) -> Reception {
        if case .error(let text) = reply { return .broken(RedisError(reply: text)) }
        guard let parts = reply.elements, let word = parts.first?.text, let last = parts.last else { return .broken(Self.unexpected) }
        if word == "pong", parts.count == 2 { return .nothing }
        if word == "sunsubscribe", !mark.isEmpty { return .broken(.unavailable("the channel's slot has moved")) }
        guard word.hasPrefix(mark), case let kind = word.dropFirst(mark.count), parts.count == (kind == "pmessage" ? 4 : 3),
            let channel = parts[parts.count - 2].text
        else { return .broken(Self.unexpected) }
        switch (kind, last) {
        case ("subscribe", .integer): return confirmed(channel, in: \.missing)
        case ("psubscribe", .integer): return confirmed(channel, in: \.missingPatterns)
        case ("message", .string(let payload)):
            return channel == probe && payload.isEmpty ? .nothing : .message(channel: channel, payload)
        case ("pmessage", .string(let payload)): return .message(channel: channel, payload)
        default: return .broken(Self.unexpected)
        }
    }

    private mutating func confirmed(_ name: String, in wanted: WritableKeyPath<Self, Set<String>>) -> Reception {
        guard self[keyPath: wanted].remove(name) != nil else { return .broken(Self.unexpected) }
        return missing.isEmpty && missingPatterns.isEmpty ? .ready : .nothing
    }

    private static var unexpected: RedisError { .protocolViolation("neither a confirmation nor a message") }

    /// Why the connection is to be closed and reported lost, where time has shown it to be dead.
    func expire(now: NIODeadline) -> RedisError? {
        guard let next = nextExpiry, next <= now else { return nil }
        return .unavailable(lifecycle.isReady ? "nothing heard, not even our own probe" : "no reply to the handshake in time")
    }

    /// When `expire` is next to be called; nil while there is nothing to wait for.
    var nextExpiry: NIODeadline? { lifecycle.patience ?? (lifecycle.isReady ? heard + silence : nil) }
}
