import NIOCore

/// Dials servers for one owner, whose machine says when, and lets it rest after failures. Used only on its loop.
final class Connector {
    private let loop: any EventLoop
    private let backoff: Backoff
    private var dialer: Dialer?
    private var dialed: EventLoopFuture<any Channel>?
    private var random = SystemRandomNumberGenerator()

    init(on loop: any EventLoop, backoff: Backoff) {
        self.loop = loop
        self.backoff = backoff
    }

    /// What AUTH is to be sent; nil: none.
    var credentials: RedisCredentials? { dialer?.credentials }

    /// Done when no attempt to connect is under way any more.
    var ended: EventLoopFuture<Void> { (dialed?.map { _ in } ?? loop.makeSucceededVoidFuture()).recover { _ in } }

    /// Dials by this dialer from now on.
    func use(_ dialer: Dialer) { self.dialer = dialer }

    /// Dials; `onFailure` is told why, also where the socket was open already, whose handler reports the end besides.
    func dial(_ address: ServerAddress, for owner: some ConnectionOwner, onFailure: @escaping (RedisError) -> Void) {
        guard let dialer else { return }
        let dialed = dialer.dial(address, for: owner, on: loop)
        self.dialed = dialed
        dialed.assumeIsolated().whenFailure { onFailure(.notSent("cannot connect: \($0)")) }
    }

    /// Goes on after the rest that so many failures in a row ask for.
    func rest(after failures: Int, then attempt: @escaping () -> Void) {
        let rest = TimeAmount(backoff.delay(after: failures, using: &random))
        loop.assumeIsolated().scheduleTask(in: rest, attempt)
    }
}
