import HTTPWire

/// Many connections' bytes, read by ours and by NIO.
package struct Campaign {
    /// What is read.
    package enum Target: String, CaseIterable, Sendable { case requests, responses }

    /// Bytes that the two readings differ about.
    package struct Finding {
        /// The seed of the case alone.
        package let seed: UInt64
        package let bytes: [UInt8]
        package let what: String
    }

    /// What came of it.
    package struct Tally {
        package var cases = 0
        /// Messages that ours took.
        package var messages = 0
        /// Messages that ours took whole.
        package var wholes = 0
        /// Cases that ours refused and NIO took more of.
        package var stricter = 0
        /// What ours took otherwise than NIO, or otherwise than itself when it came in other pieces.
        package var findings: [Finding] = []
    }

    private let target: Target

    package init(_ target: Target) { self.target = target }

    /// Plays the cases of that seed, until so many findings were made; `watch` sees each case that ours alone refused.
    package func run(
        cases: Int, seed: UInt64, most: Int = 20, watch: (([UInt8], _ reason: String) -> Void)? = nil
    ) -> Tally {
        var tally = Tally()
        for number in 0..<cases where tally.findings.count < most {
            play(seed &+ UInt64(number), &tally, watch)
        }
        return tally
    }

    /// Plays one case.
    private func play(_ seed: UInt64, _ tally: inout Tally, _ watch: (([UInt8], String) -> Void)?) {
        var dice = Seeded(ofCase: seed)
        let bytes = maker.make(&dice)
        let pieces = Mutation.cut(bytes, &dice)
        let duel = Duel(ours: ours(pieces), theirs: theirs(pieces))
        tally.cases += 1
        tally.messages += duel.ours.messages.count
        tally.wholes += duel.ours.messages.count { $0.isWhole }
        if let quarrel = duel.quarrel { tally.findings.append(.init(seed: seed, bytes: bytes, what: quarrel)) }
        if ours([bytes[...]]) != duel.ours { tally.findings.append(.init(seed: seed, bytes: bytes, what: "depends on where it is cut")) }
        if dice.once(in: 8) {
            let strict = ours(pieces, by: .strict)
            for quarrel in [Duel(ours: duel.ours, theirs: strict).quarrel, Duel(ours: strict, theirs: duel.theirs).quarrel] {
                if let quarrel { tally.findings.append(.init(seed: seed, bytes: bytes, what: "strict: \(quarrel)")) }
            }
        }
        if duel.isOursStricter {
            tally.stricter += 1
            watch?(bytes, duel.ours.failure ?? "")
        }
    }

    private var maker: MessageMaker {
        switch target {
        case .requests: .requests
        case .responses: .responses
        }
    }

    private func ours(_ pieces: [ArraySlice<UInt8>], by codec: HTTPCodec = .bytes) -> Reading {
        switch target {
        case .requests: .requests(pieces, by: codec)
        case .responses: .responses(pieces, by: codec)
        }
    }

    private func theirs(_ pieces: [ArraySlice<UInt8>]) -> Reading {
        switch target {
        case .requests: .requestsByNIO(pieces)
        case .responses: .responsesByNIO(pieces)
        }
    }
}
