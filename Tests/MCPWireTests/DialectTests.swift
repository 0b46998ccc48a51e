import Testing

@testable import MCPWire

@Suite("Dialects")
struct DialectTests {
    @Test("are the four revisions with a handshake, oldest first")
    func table() {
        #expect(Dialect.all.map(\.revision) == ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
        #expect(Dialect.all.map(\.sendsVersionHeader) == [false, false, true, true])
        #expect(Dialect.all.map(\.primesStreams) == [false, false, false, true])
        #expect(Dialect.all.map(\.takesBatches) == [false, true, false, false])
        #expect(Dialect.all.map(\.content) == [[], .audio, .all, .all])
        #expect(Dialect.all.last == .newestHandshake && Dialect.assumed.revision == "2025-03-26")
    }

    @Test("are offered as asked for, and to an unknown version the newest with a handshake")
    func offers() {
        for dialect in Dialect.all { #expect(Dialect.offered(dialect.revision) == dialect && Dialect.named(dialect.revision) == dialect) }
        for version in ["2026-07-28", "1999-01-01", "", "2025-11-25 "] {
            #expect(Dialect.offered(version) == .newestHandshake && Dialect.named(version) == nil)
        }
    }

    @Test("are told by the header, and without one by what the body claims")
    func eras() {
        #expect(Dialect.era(ofHeader: nil, bodyMetaVersion: nil) == .handshake(nil))
        #expect(Dialect.era(ofHeader: "2025-06-18", bodyMetaVersion: nil) == .handshake(Dialect.named("2025-06-18")))
        #expect(Dialect.era(ofHeader: "2025-06-18", bodyMetaVersion: "2026-07-28") == .handshake(Dialect.named("2025-06-18")))
        #expect(Dialect.era(ofHeader: "2026-07-28", bodyMetaVersion: nil) == .modern)
        #expect(Dialect.era(ofHeader: nil, bodyMetaVersion: "2026-07-28") == .modern)
        #expect(Dialect.era(ofHeader: nil, bodyMetaVersion: "2025-06-18") == .modern)
        #expect(Dialect.era(ofHeader: "2027-01-01", bodyMetaVersion: nil) == .unknown)
        #expect(Dialect.era(ofHeader: "", bodyMetaVersion: nil) == .unknown)
    }
}
