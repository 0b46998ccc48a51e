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
    /// Attempts that a call asks for are at least so far apart; the first pause of an open circuit.
    package var askedPause: TimeAmount = .seconds(1)
    /// How long the tools of an upstream that is down stay listed.
    package var staleFor: TimeAmount = .minutes(10)
    /// How long a tenant stays in a node's care without renewal.
    package var care: TimeAmount = .seconds(5)
    /// Among more nodes than these each looks so much more rarely whether the care is free.
    package var lookers = 4
    /// How long a first list waits for the stream that tells of changes to begin.
    package var headStart: TimeAmount = .milliseconds(50)
    /// When tools are listed again after that stream began later than their list.
    package var catchUp: TimeAmount = .seconds(5)
    /// From one look for sessions without an agent to the next.
    package var sweep: TimeAmount = .seconds(15)
    /// A session that its agent has not used for so long is let go by the node; any node can go on with it.
    package var sessionIdle: TimeAmount = .minutes(5)

    /// The defaults.
    package init() {}
}
