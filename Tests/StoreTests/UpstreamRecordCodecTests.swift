import Governance
import MCPWire
import Store
import Testing
import Upstreams

@Suite("How a record of an upstream is kept")
struct UpstreamRecordCodecTests {
    @Test("a record comes back as it was, its definitions byte for byte")
    func roundTrip() throws {
        let full = UpstreamRecord.sample([try .sample("echo"), try .sample("é\\n", about: "ü")])
        for record in [full, .down, .sample(), try .withLists(), try .withInstructions(), try .withInstructions(.withLists())] {
            let decoded = try UpstreamRecordCodec.decode(UpstreamRecordCodec.encode(record))
            #expect(decoded == record && decoded.tools.map(\.bytes) == record.tools.map(\.bytes))
        }
    }

    @Test("a record cut short, one with more behind it and one of another format are corrupt")
    func cut() throws {
        for record in [UpstreamRecord.sample([try .sample("echo")]), try .withLists(), try .withInstructions()] {
            let bytes = UpstreamRecordCodec.encode(record)
            for length in 0..<bytes.count { expectCorrupt(Array(bytes[..<length])) }
            expectCorrupt(bytes + [0])
            for format: UInt8 in [0, 5] { expectCorrupt([format] + bytes.dropFirst()) }
            expectCorrupt([record.others.isEmpty ? 2 : 1] + bytes.dropFirst())
        }
    }

    @Test("a record of tools alone is kept as nodes that know no other lists read it")
    func older() throws {
        #expect(UpstreamRecordCodec.encode(.sample([try .sample("echo")])).first == 1)
        #expect(UpstreamRecordCodec.encode(try .withLists()).first == 2)
        #expect(UpstreamRecordCodec.encode(try .withInstructions()).first == 3)
    }

    @Test("whatever is changed in a record's bytes, it is corrupt or another record of just these bytes")
    func mutations() throws {
        var random = SplitMix64(state: 7)
        let originals = [
            UpstreamRecordCodec.encode(.sample([try .sample("echo"), try .sample("sum")])), UpstreamRecordCodec.encode(.down),
            UpstreamRecordCodec.encode(try .withLists()), UpstreamRecordCodec.encode(try .withInstructions(.withLists())),
        ]
        var (corrupt, read) = (0, 0)
        for round in 0..<40_000 {
            var bytes = originals[round % originals.count]
            for _ in 0...Int.random(in: 0..<3, using: &random) { mutate(&bytes, &random) }
            guard let record = decoded(bytes) else {
                corrupt += 1
                continue
            }
            #expect(UpstreamRecordCodec.encode(record) == bytes)
            read += 1
        }
        #expect(corrupt > 1_000 && read > 1_000)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        default: bytes.replaceSubrange(index..<min(bytes.count, index + 8), with: repeatElement(255, count: 8))
        }
    }

    private func expectCorrupt(_ bytes: [UInt8]) { #expect(decoded(bytes) == nil, "read from \(bytes.count) bytes") }

    /// Nil for what is corrupt.
    private func decoded(_ bytes: [UInt8]) -> UpstreamRecord? {
        do throws(StoreError) { return try UpstreamRecordCodec.decode(bytes) } catch {
            guard case .corrupt = error else {
                Issue.record(error)
                return nil
            }
            return nil
        }
    }
}
