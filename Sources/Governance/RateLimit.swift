/// A rate that calls of one subject may not exceed, by the generic cell rate algorithm: one each `interval` on the average, `burst` at once.
package struct RateLimit: Sendable, Hashable {
    /// What is counted: `token.<id>`, `tenant`, `tool.<name>`.
    package let subject: String
    /// Microseconds between two calls, at least 1.
    package let interval: Int64
    /// How many may come at once, at least 1.
    package let burst: Int64

    package init(subject: String, interval: Int64, burst: Int64) {
        self.subject = subject
        self.interval = interval
        self.burst = burst
    }
}
