/// When a zone's clocks are how far from UTC: the transitions that its file lists, then the rule that goes on behind them.
package struct ZoneRules: Sendable, Hashable {
    /// A span of time in which the offset is the same.
    struct Segment: Hashable {
        /// Seconds east of UTC.
        let offset: Int64
        /// Unix seconds of the first instant that is no more part of it; nil for the last one.
        let end: Int64?
    }

    /// Unix seconds, ascending.
    let transitions: [Int64]
    /// Seconds east of UTC, from each transition on.
    let offsets: [Int64]
    /// Before the first transition.
    let first: Int64
    /// From the last transition on; nil: as that one says.
    let rule: PosixRule?

    /// Seconds east of UTC at an instant in unix seconds.
    package func offset(at instant: Int64) -> Int64 { segment(at: instant).offset }

    /// What holds at the instant, and how long.
    func segment(at instant: Int64) -> Segment {
        let next = index(after: instant)
        if next < transitions.count { return Segment(offset: next == 0 ? first : offsets[next - 1], end: transitions[next]) }
        return rule?.segment(at: instant) ?? Segment(offset: offsets.last ?? first, end: nil)
    }

    /// The first transition later than the instant.
    private func index(after instant: Int64) -> Int {
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= instant { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

// MARK: Days

extension ZoneRules {
    static let day: Int64 = 86_400
    /// No zone is as far from UTC as this, seconds.
    static let reach: Int64 = 26 * 3600

    /// The local date at an instant in unix seconds, as days after 1970-01-01.
    func date(at instant: Int64) -> Int64 { (instant + offset(at: instant)).quotientRoundedDown(by: Self.day) }

    /// The first instant, in unix seconds, at which the local date is this one or a later one: midnight, where there is just one; the
    /// earlier of two; where midnight or the whole day is left out, the instant that comes instead.
    func start(of date: Int64) -> Int64 {
        let midnight = date * Self.day
        var begin = midnight - Self.reach
        while true {
            let segment = segment(at: begin)
            let instant = max(begin, midnight - segment.offset)
            guard let end = segment.end, instant >= end else { return instant }
            begin = end
        }
    }
}
