package import Governance

extension ZoneRules {
    /// The next two ends, in unix milliseconds, of periods of this kind after `now`, unix milliseconds.
    package func ends(of period: Window.Period, after now: Int64) -> WindowEnds {
        let date = date(at: now.quotientRoundedDown(by: 1000))
        var ends: [Int64] = []
        var step: Int64 = 0
        // A day that the zone has left out ends with the one before it, and a clock set back past midnight is in a day that had ended.
        while ends.count < 2 {
            step += 1
            let end = start(of: Self.date(date, of: period, later: step)) * 1000
            if end > ends.last ?? now { ends.append(end) }
        }
        return WindowEnds(first: ends[0], second: ends[1])
    }

    /// The first date of the period that comes `count` after that of `date`, in days after 1970-01-01.
    private static func date(_ date: Int64, of period: Window.Period, later count: Int64) -> Int64 {
        switch period {
        case .day: return date + count
        // 1970-01-01 was a Thursday, and weeks begin on Monday.
        case .week: return date - (date + 3).remainderRoundedDown(by: 7) + 7 * count
        case .month:
            let civil = CivilDate(days: date)
            return CivilDate.days(year: civil.year, month: civil.month + count, day: 1)
        }
    }
}
