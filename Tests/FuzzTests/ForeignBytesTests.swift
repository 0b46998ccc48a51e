import Foundation
import Testing

/// Whatever reads bytes of agents, upstreams, Redis or operators, given bytes that nobody should send.
@Suite("Foreign bytes")
struct ForeignBytesTests {
    private static let environment = ProcessInfo.processInfo.environment

    @Test("every seed is read as it must be", arguments: FuzzTarget.all)
    func seeds(_ target: FuzzTarget) {
        for seed in target.seeds {
            if let finding = BlindCampaign(target: target).finding(seed) { Issue.record("\(finding)") }
        }
    }

    @Test("mutated bytes do no harm, and what is taken is taken for what it is", arguments: FuzzTarget.all)
    func mutated(_ target: FuzzTarget) {
        let seed = UInt64.random(in: 0...(.max))
        let (_, found) = BlindCampaign(target: target).findings(cases: 2_000, seed: seed)
        for finding in found { Issue.record("\(finding)") }
    }

    /// With `SATGATE_FUZZ` a target's name and `SATGATE_FUZZ_SECONDS`, as `make fuzz` runs it.
    @Test("nothing is found in all the time given", .enabled(if: LibFuzzer.target != nil))
    func campaign() async throws {
        let target = try #require(LibFuzzer.target)
        let seconds = Self.environment["SATGATE_FUZZ_SECONDS"].flatMap { Int($0) } ?? 60
        let directory = URL(filePath: Self.environment["SATGATE_FUZZ_DIRECTORY"] ?? FileManager.default.temporaryDirectory.path)
        guard LibFuzzer.isHere else { return blind(target, seconds) }
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let thread = Thread { done.resume(with: Result { try LibFuzzer.play(target, seconds: seconds, in: directory) }) }
            // What instrumented code needs of it is several times what a node's does.
            thread.stackSize = 64 << 20
            thread.start()
        }
    }

    private func blind(_ target: FuzzTarget, _ seconds: Int) {
        let seed = UInt64.random(in: 0...(.max))
        let (played, found) = BlindCampaign(target: target).findings(cases: .max, seed: seed, until: .now + .seconds(seconds))
        print("\(target.name): \(played) cases of seed \(seed) without coverage, \(found.count) findings")
        for finding in found { Issue.record("\(finding)") }
    }
}
