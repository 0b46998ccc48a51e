/// Tells when windows of budgets end.
package protocol WindowClock: Sendable {
    /// True where the zone's rules are to be had.
    func knows(_ zone: ZoneName) -> Bool
    /// The next two ends after `now`, unix milliseconds; nil where the zone's rules are not to be had.
    func ends(of window: Window, at now: Int64) -> WindowEnds?
}
