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
    /// How long a first list waits for the stream that tells of changes to begin.
    package var headStart: TimeAmount = .milliseconds(50)
    /// When tools are listed again after that stream began later than their list.
    package var catchUp: TimeAmount = .seconds(5)
    /// From one look for sessions without an agent to the next.
    package var sweep: TimeAmount = .seconds(15)
    /// A session that its agent has not used for so long is let go by the node; any node can go on with it.
    package var sessionIdle: TimeAmount = .minutes(5)

    /// Nanoseconds from one look to the next whether a tenant's care is free, at one of so many nodes: more than four of them look together about
    /// as often as four would, until each looks but once a minute or so.
    func look(among nodes: Int) -> ClosedRange<Int64> {
        let share = Int64(min(max(nodes / 4, 1), 12))
        return care.nanoseconds / 2 * share...care.nanoseconds * share
    }

    /// The defaults.
    package init() {}
}
