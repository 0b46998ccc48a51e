import NIOCore

/// Where a link stands with its server, through all its connections: connecting, greeting, ready, resting. Decisions only.
struct Lifecycle {
    private enum Phase {
        case idle
        case connecting(until: NIODeadline)
        case greeting(Handshake, until: NIODeadline)
        case ready(since: NIODeadline)
        /// Between two attempts.
        case resting
    }

    /// A connection that lasted this long was a good one: the next attempt comes soon.
    private static let lasting: TimeAmount = .seconds(1)

    private let configuration: RedisConfiguration
    private var phase = Phase.idle
    private var failures = 0

    init(configuration: RedisConfiguration) { self.configuration = configuration }

    /// True between a complete handshake and the connection's loss.
    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    /// Begins; true: connect.
    mutating func start(now: NIODeadline) -> Bool {
        guard case .idle = phase else { return false }
        phase = .connecting(until: now + TimeAmount(configuration.connectTimeout))
        return true
    }

    /// The rest after a failure is over; true: connect.
    mutating func rested(now: NIODeadline) -> Bool {
        guard case .resting = phase else { return false }
        phase = .connecting(until: now + TimeAmount(configuration.connectTimeout))
        return true
    }

    /// The socket is open: these commands go first. Nil: it is not wanted any more.
    mutating func opened(now: NIODeadline, as credentials: RedisCredentials?) -> [[RedisArgument]]? {
        guard case .connecting(let until) = phase else { return nil }
        let handshake = Handshake(configuration, as: credentials, now: now)
        phase = .greeting(handshake, until: until)
        return handshake.commands
    }

    /// What a reply to the handshake led to.
    enum Greeting {
        case incomplete
        /// Ready from now on. `time` answers the TIME sent at `asked`, where one was; `run` names the server's run.
        case complete(time: RedisValue?, asked: NIODeadline, run: String?)
        /// Close the connection, then report it lost for this reason.
        case failed(RedisError)
        /// The reply is to no handshake.
        case over
    }

    /// Takes in a reply, if the handshake still waits for one.
    mutating func greeted(by reply: RedisValue, now: NIODeadline) -> Greeting {
        guard case .greeting(var handshake, let until) = phase else { return .over }
        switch handshake.received(reply) {
        case .incomplete:
            phase = .greeting(handshake, until: until)
            return .incomplete
        case .failed(let error):
            return .failed(error)
        case .complete(let time, let run):
            phase = .ready(since: now)
            return .complete(time: time, asked: handshake.sent, run: run)
        }
    }

    /// The connection, or the attempt at one, has ended: answers the failures in a row, which set the rest before the next attempt.
    /// Nil: there was none to lose.
    mutating func lost(now: NIODeadline) -> Int? {
        switch phase {
        case .idle, .resting: return nil
        case .ready(let since) where now - since >= Self.lasting: failures = 1
        case .ready, .connecting, .greeting: failures += 1
        }
        phase = .resting
        return failures
    }

    /// Ends; it may be started again.
    mutating func stop() {
        phase = .idle
        failures = 0
    }

    /// When the handshake must be over.
    var patience: NIODeadline? {
        if case .greeting(_, let until) = phase { until } else { nil }
    }
}
