import Testing

@testable import TimeZones

@Suite("A POSIX rule")
struct RuleTests {
    private func parsed(_ text: String) -> PosixRule? { PosixRule(Array(text.utf8)) }

    /// Unix seconds.
    private func instant(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64 = 0) -> Int64 {
        CivilDate.days(year: year, month: month, day: day) * 86_400 + hour * 3600
    }

    @Test(
        "is read in all its forms",
        arguments: [
            ("UTC0", 0, nil), ("<+0545>-5:45", 20_700, nil), ("<-03>3", -10_800, nil), ("EST5EDT,M3.2.0,M11.1.0", -18_000, -14_400),
            ("EST5EDT", -18_000, -14_400), ("EST+5EDT4:30", -18_000, -16_200), ("CET-1CEST,M3.5.0,M10.5.0/3", 3_600, 7_200),
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 37_800, 39_600), ("IST-1GMT0,M10.5.0,M3.5.0/1", 3_600, 0),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7_200, -3_600), ("AAA1:02:03BBB,J60/-167,J365/+167:59:59", -3_723, -123),
            ("XXX3EDT4,0/0,J365/23", -10_800, -14_400),
        ] as [(String, Int64, Int64?)])
    func reads(text: String, standard: Int64, daylight: Int64?) throws {
        let rule = try #require(parsed(text))
        #expect(rule.standard == standard && rule.daylight?.offset == daylight)
    }

    @Test(
        "is nothing else",
        arguments: [
            "", "UT0", "UTC", "UTC25", "UTC0x", "<UTC0", "<U>0", "UTC:00", "UTC0:60", "EST5EDT,", "EST5EDT,M3.2.0",
            "EST5EDT,M13.1.0,M1.1.0",
            "EST5EDT,M3.6.0,M1.1.0", "EST5EDT,M3.0.0,M1.1.0", "EST5EDT,M3.1.7,M1.1.0", "EST5EDT,J0,J1", "EST5EDT,J366,J1", "EST5EDT,366,1",
            "EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0,M11.1.0,", "EST5EDT,M3.2.0,M11.1.0 ", "EST99999999999999999999", "ÉST0",
        ])
    func refuses(text: String) { #expect(parsed(text) == nil) }

    @Test("a Julian day never counts February 29, an ordinal one does")
    func days() throws {
        let julian = try #require(parsed("AAA0BBB,J60/0,J300/0"))
        let ordinal = try #require(parsed("AAA0BBB,59/0,J300/0"))
        for (year, march) in [(2023, 1), (2024, 1)] as [(Int64, Int64)] {
            #expect(
                julian.segment(at: instant(year, 3, march) - 1).offset == 0 && julian.segment(at: instant(year, 3, march)).offset == 3600)
        }
        #expect(ordinal.segment(at: instant(2023, 2, 28, 23)).offset == 0 && ordinal.segment(at: instant(2023, 3, 1)).offset == 3600)
        #expect(ordinal.segment(at: instant(2024, 2, 28, 23)).offset == 0 && ordinal.segment(at: instant(2024, 2, 29)).offset == 3600)
    }

    @Test("daylight time of the whole year has no gap at its ends")
    func wholeYear() throws {
        let rule = try #require(parsed("XXX3EDT4,0/0,J365/23"))
        var at = instant(2030, 1, 1)
        while at < instant(2032, 1, 2) {
            #expect(rule.segment(at: at).offset == -14_400)
            at += 1800
        }
    }

    @Test("south of the equator daylight time goes over the end of the year")
    func south() throws {
        let rule = try #require(parsed("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"))
        #expect(rule.segment(at: instant(2030, 12, 31)).offset == 39_600 && rule.segment(at: instant(2030, 7, 1)).offset == 37_800)
        #expect(rule.segment(at: instant(2030, 12, 31)).end == instant(2031, 4, 5, 15))
    }
}
