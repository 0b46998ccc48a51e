/// Numbers that a seed decides.
package struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    /// The same numbers for the same seed.
    package init(_ seed: UInt64) { state = seed }

    /// The numbers of one case among many; neighbours' would overlap.
    package init(ofCase number: UInt64) { self.init(number &* 0x2545_F491_4F6C_DD1D) }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True once in so many times.
    mutating func once(in times: Int) -> Bool { next() % UInt64(times) == 0 }

    /// A number below `end`.
    mutating func below(_ end: Int) -> Int { Int(next() % UInt64(end)) }

    /// One of them.
    mutating func one<Choices: RandomAccessCollection>(of choices: Choices) -> Choices.Element {
        choices[choices.index(choices.startIndex, offsetBy: below(choices.count))]
    }
}
