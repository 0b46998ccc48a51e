import NIOCore

/// Pauses that grow from 100 ms to 30 s, drawn at random below that bound (full jitter).
struct Backoff {
    private let floor: Int64
    private let ceiling: Int64
    private var failures = 0

    init(from floor: TimeAmount, to ceiling: TimeAmount) {
        self.floor = floor.nanoseconds
        self.ceiling = ceiling.nanoseconds
    }

    /// The pause after one more failure.
    mutating func next() -> TimeAmount {
        let bound = min(ceiling, floor << min(failures, 20))
        failures += 1
        return .nanoseconds(Int64.random(in: 0...bound))
    }

    /// Begins anew after a success.
    mutating func reset() { failures = 0 }
}
