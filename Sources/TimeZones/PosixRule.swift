/// A rule in the form of POSIX' `TZ`, as it stands at the end of a zone's file (RFC 9636 §3.3): `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixRule: Hashable {
    /// Which day of a year.
    enum Day: Hashable {
        /// `Jn`, 1 to 365: February 29 is never counted.
        case julian(Int64)
        /// `n`, 0 to 365: February 29 is counted where there is one.
        case ordinal(Int64)
        /// `Mm.w.d`: the w-th (5: the last) weekday d (0: Sunday) of month m.
        case weekday(month: Int64, week: Int64, day: Int64)
    }

    /// A change of every year.
    struct Change: Hashable {
        let day: Day
        /// Seconds after the midnight with which the day begins; may be negative, and beyond the day.
        let time: Int64
    }

    /// The other of the two times of the year.
    struct Daylight: Hashable {
        let offset: Int64
        let start: Change
        let end: Change
    }

    /// Seconds east of UTC.
    let standard: Int64
    let daylight: Daylight?

    /// What holds at the instant (unix seconds), and how long.
    func segment(at instant: Int64) -> ZoneRules.Segment {
        guard let daylight else { return ZoneRules.Segment(offset: standard, end: nil) }
        let year = CivilDate(days: instant.quotientRoundedDown(by: ZoneRules.day)).year
        // A change may come in days that are not of its year.
        var turns: [(at: Int64, offset: Int64)] = []
        for year in year - 2...year + 2 {
            turns.append((daylight.end.instant(in: year, offset: daylight.offset), standard))
            turns.append((daylight.start.instant(in: year, offset: standard), daylight.offset))
        }
        // Where one year's daylight time ends as the next one's begins, it goes on: the ends stand first.
        let ordered = turns.enumerated().sorted { ($0.element.at, $0.offset & 1) < ($1.element.at, $1.offset & 1) }.map(\.element)
        let offset = ordered.last { $0.at <= instant }?.offset ?? standard
        return ZoneRules.Segment(offset: offset, end: ordered.first { $0.at > instant }?.at)
    }
}

extension PosixRule.Change {
    /// Unix seconds; `offset` is that of the time until then.
    fileprivate func instant(in year: Int64, offset: Int64) -> Int64 { day.date(in: year) * ZoneRules.day + time - offset }
}

extension PosixRule.Day {
    /// As days after 1970-01-01.
    fileprivate func date(in year: Int64) -> Int64 {
        switch self {
        case .julian(let number):
            let january = CivilDate.days(year: year, month: 1, day: 1)
            return january + number - (CivilDate.isLeap(year) && number >= 60 ? 0 : 1)
        case .ordinal(let number): return CivilDate.days(year: year, month: 1, day: 1) + number
        case .weekday(let month, let week, let day):
            let first = CivilDate.days(year: year, month: month, day: 1)
            // 1970-01-01 was a Thursday.
            let date = first + (day - (first + 4)).remainderRoundedDown(by: 7) + (week - 1) * 7
            return date < CivilDate.days(year: year, month: month + 1, day: 1) ? date : date - 7
        }
    }
}
