/// How long to wait before trying again: doubled each time, up to a cap, of which the upper half is random.
struct Backoff: Sendable {
    let first: Duration
    let cap: Duration

    /// For connecting.
    static let reconnect = Backoff(first: .milliseconds(10), cap: .milliseconds(500))
    /// For a command that Redis could not run yet.
    static let retry = Backoff(first: .milliseconds(5), cap: .milliseconds(200))

    /// The wait after `failures` failures in a row (1 or more).
    func delay(after failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let doubled = min(cap, first * (1 << min(max(failures, 1) - 1, 20)))
        return doubled / 2 + doubled / 2 * Double.random(in: 0...1, using: &random)
    }
}
