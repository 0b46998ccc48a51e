/// How much time a node takes to stop.
package struct DrainTerms: Sendable, Hashable {
    /// Milliseconds for which it goes on as before, but not ready, so that whoever sends it agents learns of that.
    package var announce: Int64 = 5000
    /// Milliseconds after which it has ended, whatever is open; `announce` is part of them.
    package var grace: Int64 = 60_000

    package init() {}

    /// Milliseconds at the end of the grace in which what is left is ended: calls are cut, books written.
    var farewell: Int64 { min(3000, grace / 4) }
    /// Milliseconds that a hurried node gives what is under way.
    static let haste: Int64 = 500
    /// Milliseconds between the cutting of calls and the closing of connections.
    static let parting: Int64 = 1000
    /// Milliseconds, of which a stream that is closed has its agent wait some before it comes back: agents do not come all at once.
    static let retry: ClosedRange<Int> = 200...1200
}
