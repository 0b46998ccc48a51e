import Governance
import Testing

@testable import TimeZones

@Suite("A zone's file")
struct ZoneFileTests {
    /// A block with two types, an hour apart, and one transition to the second.
    private func block(wide: Bool, version: Character, at transition: Int64, leaps: UInt8 = 0, kind: UInt8 = 1) -> [UInt8] {
        var out = Array("TZif\(version)".utf8) + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, leaps, 1, 2, 4] { out += [0, 0, 0, count] }
        out += bytes(transition).suffix(wide ? 8 : 4) + [kind]
        out += [0, 0, 0, 0, 0, 0] + [0, 0, 0x0E, 0x10, 1, 0] + Array("ABC\0".utf8)
        return out + [UInt8](repeating: 0, count: Int(leaps) * (wide ? 12 : 8))
    }

    private func bytes(_ number: Int64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

    @Test("of the first version has what its block says, then as at the last transition")
    func first() throws {
        let rules = try ZoneRules(file: block(wide: false, version: "\0", at: -1000))
        #expect(rules.offset(at: -1001) == 0 && rules.offset(at: -1000) == 3600 && rules.offset(at: 1 << 40) == 3600)
    }

    @Test("of a later version has its second block, and its footer after that")
    func later() throws {
        let head = block(wide: false, version: "3", at: 5, kind: 0) + block(wide: true, version: "3", at: 1 << 33)
        let rules = try ZoneRules(file: head + Array("\nXYZ-2\n".utf8))
        #expect(rules.offset(at: (1 << 33) - 1) == 0 && rules.offset(at: 1 << 33) == 7200)
        #expect(try ZoneRules(file: head + Array("\n\n".utf8)).offset(at: 1 << 33) == 3600)
    }

    @Test("is refused where it is cut off anywhere, and no byte changed in it ends the reader")
    func damaged() throws {
        let whole = block(wide: false, version: "2", at: 5) + block(wide: true, version: "2", at: 5) + Array("\nXYZ-2\n".utf8)
        for count in whole.indices { #expect(throws: ZoneFileError.self) { try ZoneRules(file: Array(whole[..<count])) } }
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = whole
                bytes[index] = value
                if let rules = try? ZoneRules(file: bytes) { _ = rules.ends(of: .month, after: 1_795_374_000_000) }
            }
        }
    }

    @Test("is refused where it counts leap seconds, or is none")
    func refuses() {
        #expect(throws: ZoneFileError.leapSeconds) { try ZoneRules(file: block(wide: false, version: "\0", at: 0, leaps: 1)) }
        #expect(throws: ZoneFileError.notAZone) { try ZoneRules(file: Array("# tz database".utf8)) }
        #expect(throws: ZoneFileError.invalid) { try ZoneRules(file: block(wide: false, version: "\0", at: 0, kind: 2)) }
    }
}
