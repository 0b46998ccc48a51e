import NIOCore

/// When a sentinel is asked: about once a second, and more often while there is news. Decisions only, no clock of its own.
struct SentinelPace {
    private static let usual: TimeAmount = .seconds(1)
    /// While there is news.
    private static let hurry = Backoff(first: .milliseconds(40), cap: .milliseconds(250))
    /// Between any two questions.
    private static let least: TimeAmount = .milliseconds(20)

    private var last = NIODeadline.distantPast
    /// Questions in a row while there was news.
    private var hurried = 0

    /// It is asked now.
    mutating func asked(now: NIODeadline) { last = now }

    /// When it is asked again, where nothing else happens; `isTroubled`: the master may be gone.
    mutating func next(isTroubled: Bool, now: NIODeadline, using random: inout some RandomNumberGenerator) -> NIODeadline {
        guard isTroubled else {
            hurried = 0
            return now + Self.usual + .nanoseconds(Int64.random(in: -200_000_000...200_000_000, using: &random))
        }
        hurried += 1
        return now + TimeAmount(Self.hurry.delay(after: hurried, using: &random))
    }

    /// When it is asked because there is news.
    func next(news now: NIODeadline) -> NIODeadline { max(now, last + Self.least) }
}
