package import NIOCore

/// How long things of an upstream may take.
package struct UpstreamTimings: Sendable {
    /// One attempt to open a session and list its tools.
    package var discovery: TimeAmount = .seconds(3)
    /// From one list to the next.
    package var refresh: TimeAmount = .seconds(60)
    /// The bounds of the pause after a failed attempt.
    package var shortestPause: TimeAmount = .milliseconds(100)
    package var longestPause: TimeAmount = .seconds(30)
    /// Attempts that a call asks for are at least so far apart.
    package var askedPause: TimeAmount = .seconds(1)
    /// How long the tools of an upstream that is down stay listed.
    package var staleFor: TimeAmount = .minutes(10)

    /// The defaults.
    package init() {}
}
