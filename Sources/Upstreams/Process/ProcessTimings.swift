import NIOCore

/// How long things of a process may take.
struct ProcessTimings: Sendable {
    /// A program may be that slow to come up, be it that it is downloaded first.
    var start = TimeAmount.minutes(1)
    /// An answer to a question that it may not understand.
    var patience = TimeAmount.seconds(5)
    /// How long a process is kept whose start nobody waits for any more,
    var unused = TimeAmount.minutes(1)
    /// and how long one whose last session is closed.
    var linger = TimeAmount.seconds(5)
}
