import Glibc
import HTTPFuzz

/// Reads made-up and mutated messages by HTTPWire and by NIOHTTP1, and fails where ours takes what the other does not.
///
/// usage: http-fuzz [requests|responses|all] [cases] [seed] [--differences]
@main
struct HTTPFuzz {
    static func main() {
        let words = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("--") }
        let targets = words.first.flatMap(Campaign.Target.init).map { [$0] } ?? Campaign.Target.allCases
        let cases = words.dropFirst().first.flatMap { Int($0) } ?? 50_000
        let seed = words.dropFirst(2).first.flatMap { UInt64($0) } ?? .random(in: 0...(.max))
        let shows = CommandLine.arguments.contains("--differences")
        let failed = targets.map { play($0, cases: cases, seed: seed, shows: shows) }.contains(false)
        exit(failed ? 1 : 0)
    }

    /// False where something was found.
    private static func play(_ target: Campaign.Target, cases: Int, seed: UInt64, shows: Bool) -> Bool {
        print("\(target.rawValue): \(cases) cases, seed \(seed)")
        let start = ContinuousClock.now
        let tally = Campaign(target).run(cases: cases, seed: seed) { bytes, reason in
            if shows { print("stricter (\(reason)): \(String(decoding: bytes, as: UTF8.self).debugDescription)") }
        }
        for finding in tally.findings {
            print("case \(finding.seed): \(finding.what)\n  \(String(decoding: finding.bytes, as: UTF8.self).debugDescription)")
        }
        print(
            "\(target.rawValue): \(tally.cases) cases in \(ContinuousClock.now - start), \(tally.messages) messages taken, \(tally.wholes) whole, "
                + "\(tally.stricter) cases that only NIO took, \(tally.findings.count) findings")
        return tally.findings.isEmpty
    }
}
