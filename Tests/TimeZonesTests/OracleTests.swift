import Foundation
import Governance
import Subprocess
import Testing

@testable import TimeZones

@Suite("Beside Python's zoneinfo, of the same zone database", .timeLimit(.minutes(1)))
struct OracleTests {
    @Test("windows of every zone end when they do there")
    func agrees() async throws {
        let script = try #require(Bundle.module.path(forResource: "oracle", ofType: "py"))
        let oracle = try await run(
            .name("python3"), arguments: [script, "1"], output: .string(limit: 4 << 20), error: .string(limit: 1 << 16))
        #expect(oracle.terminationStatus.isSuccess, "\(oracle.standardError)")
        let database = ZoneDatabase()
        var zones: Set<ZoneName> = []
        for line in oracle.standardOutput.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let numbers = fields.dropFirst(2).compactMap { Int64($0) }
            guard fields.count == 5, numbers.count == 3 else { throw Unreadable(line: String(line)) }
            let zone = try #require(ZoneName(String(fields[0])))
            let period = try #require(Window.Period(rawValue: String(fields[1])))
            let rules = try #require(database.rules(of: zone), "\(zone)")
            let ends = rules.ends(of: period, after: numbers[0] * 1000)
            #expect(ends == WindowEnds(first: numbers[1] * 1000, second: numbers[2] * 1000), "\(line)")
            zones.insert(zone)
        }
        #expect(zones.count > 400)
    }
}

private struct Unreadable: Error { let line: String }
