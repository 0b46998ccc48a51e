import HTTPFuzz
import HTTPWire
import Testing

/// llhttp, by way of NIO, is the other opinion: what ours takes, it takes for the same. `make fuzz` plays some ten million of these cases.
@Suite("Compared with llhttp")
struct OracleTests {
    @Test("nothing that is made up is taken for something else than llhttp takes it for", arguments: Campaign.Target.allCases, [1, 2])
    func campaign(_ target: Campaign.Target, _ share: Int) {
        let seed = UInt64.random(in: 0...(.max))
        let tally = Campaign(target).run(cases: 12_500, seed: seed, most: 3)
        for finding in tally.findings {
            Issue.record("case \(finding.seed): \(finding.what): \(String(decoding: finding.bytes, as: UTF8.self).debugDescription)")
        }
        // Enough of them are taken for that to mean something.
        #expect(tally.wholes > 2_500, "seed \(seed)")
    }
}
