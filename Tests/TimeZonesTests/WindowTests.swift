import Governance
import Testing

@testable import TimeZones

@Suite("The ends of windows")
struct WindowTests {
    @Test(
        "are local midnights, weeks' on Monday, months' on the first",
        arguments: [
            // 2026-11-22 was a Sunday; Berlin is an hour ahead then.
            ("Europe/Berlin", .day, 1_795_374_000, 1_795_388_400, 1_795_474_800),
            ("Europe/Berlin", .week, 1_795_374_000, 1_795_388_400, 1_795_993_200),
            ("Europe/Berlin", .month, 1_795_374_000, 1_796_079_600, 1_798_758_000),
            ("UTC", .day, 1_795_374_000, 1_795_392_000, 1_795_478_400),
            ("Asia/Kathmandu", .day, 1_795_374_000, 1_795_457_700, 1_795_544_100),
            // 2011-12-30 was left out.
            ("Pacific/Apia", .day, 1_325_200_000, 1_325_239_200, 1_325_325_600),
            // Midnight of 2018-11-04 was left out.
            ("America/Sao_Paulo", .day, 1_541_289_600, 1_541_300_400, 1_541_383_200),
        ] as [(String, Window.Period, Int64, Int64, Int64)])
    func known(zone: String, period: Window.Period, now: Int64, first: Int64, second: Int64) throws {
        let window = Window(period: period, zone: try #require(ZoneName(zone)))
        let ends = ZoneDatabase().ends(of: window, at: now * 1000)
        #expect(ends == WindowEnds(first: first * 1000, second: second * 1000))
    }

    @Test("are still to come at the very end of a window, and up to its last millisecond")
    func edges() throws {
        let database = ZoneDatabase()
        let window = Window(period: .day)
        let day: Int64 = 86_400_000
        for now in [day - 1, day, day + 1, 2 * day - 1, 5, 0, 3 * day] as [Int64] {
            let first = (now / day + 1) * day
            #expect(database.ends(of: window, at: now) == WindowEnds(first: first, second: first + day))
        }
    }

    @Test(
        "are unknown in a zone that the database does not have",
        arguments: ["Europe/Atlantis", "tzdata.zi", "zone.tab", "Europe", "localtime"])
    func unknown(zone: String) throws {
        let name = try #require(ZoneName(zone))
        #expect(!ZoneDatabase().knows(name))
        #expect(ZoneDatabase().ends(of: Window(period: .day, zone: name), at: 0) == nil)
        #expect(!ZoneDatabase(directory: "/nowhere").knows(.utc))
    }
}
