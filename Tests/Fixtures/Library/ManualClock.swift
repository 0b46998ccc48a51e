import Synchronization

/// A clock that stands until a test moves it.
package final class ManualClock: Sendable {
    private let time: Mutex<Int64>

    /// `now` is in unix milliseconds.
    package init(now: Int64 = 1_800_000_000_000) { time = Mutex(now) }

    /// Unix milliseconds.
    package var now: Int64 { time.withLock { $0 } }

    /// Moves it forward.
    package func advance(by milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}
