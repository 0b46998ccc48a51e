import HTTPFuzz

/// Mutated seeds, read one after the other without looking at where they lead: quick, and at hand wherever the tests are.
struct BlindCampaign {
    /// Bytes that were read wrongly, or for too long.
    struct Finding: CustomStringConvertible {
        let bytes: [UInt8]
        let what: String

        var description: String { "\(what): \(bytes) \(String(decoding: bytes, as: UTF8.self).debugDescription)" }
    }

    /// No case may take longer, on a busy machine and built for debugging.
    static let patience = Duration.seconds(5)

    let target: FuzzTarget

    /// The first findings among so many cases of that seed, or among as many as there is time for.
    func findings(cases: Int, seed: UInt64, until end: ContinuousClock.Instant? = nil, most: Int = 3) -> (played: Int, [Finding]) {
        let havoc = Havoc(words: target.words, seeds: target.seeds)
        var found: [Finding] = []
        var played = 0
        while played < cases, found.count < most, end.map({ .now < $0 }) ?? true {
            var dice = Seeded(ofCase: seed &+ UInt64(played))
            if let finding = finding(havoc.bytes(&dice)) { found.append(finding) }
            played += 1
        }
        return (played, found)
    }

    /// What is found in these bytes.
    func finding(_ bytes: [UInt8]) -> Finding? {
        let begun = ContinuousClock.now
        let flaw = target.flaw(bytes)
        let time = ContinuousClock.now - begun
        if let flaw { return Finding(bytes: bytes, what: flaw) }
        return time > Self.patience ? Finding(bytes: bytes, what: "took \(time)") : nil
    }
}
