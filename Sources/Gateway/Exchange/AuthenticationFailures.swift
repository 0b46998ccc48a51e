import Synchronization

/// Lets ten unproved authentication failures per second become events; the rest is only counted, so that nobody can flood the feed.
final class AuthenticationFailures: Sendable {
    private struct Window {
        var second: Int64 = 0
        var admitted = 0
        var suppressed: UInt64 = 0
    }

    private let window = Mutex(Window())
    private let start = ContinuousClock.now

    /// True when this failure may be published.
    func admit() -> Bool {
        let second = (ContinuousClock.now - start).components.seconds
        return window.withLock { window in
            if window.second != second {
                window.second = second
                window.admitted = 0
            }
            guard window.admitted < 10 else {
                window.suppressed += 1
                return false
            }
            window.admitted += 1
            return true
        }
    }
}
