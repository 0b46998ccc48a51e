/// Durations counted by size, four buckets to each doubling: a percentile is right within a tenth.
package struct LatencyHistogram: Sendable, Hashable {
    /// How many there are, by bucket; those that are empty are not there.
    package private(set) var counts: [Int: Int64]

    /// Milliseconds that the first bucket ends at.
    private static let least = 0.1
    /// The last bucket, which ends at about half an hour.
    package static let last = 96

    /// Of counts that were kept; those of no bucket are left out.
    package init(counts: [Int: Int64] = [:]) { self.counts = counts.filter { (0...Self.last).contains($0.key) && $0.value > 0 } }

    /// Counts a duration of so many nanoseconds.
    package mutating func add(nanoseconds: Int64) { counts[Self.bucket(ofMilliseconds: Double(nanoseconds) * 1e-6), default: 0] += 1 }

    /// Counts all that the other has.
    package mutating func add(_ other: LatencyHistogram) { counts.merge(other.counts, uniquingKeysWith: +) }

    /// The milliseconds that so large a part of all is below; nil where there is none.
    package func percentile(_ part: Double) -> Double? {
        let total = counts.values.reduce(0, +)
        guard total > 0 else { return nil }
        var rest = part * Double(total)
        for (bucket, count) in counts.sorted(by: { $0.key < $1.key }) {
            if Double(count) >= rest {
                let low = bucket == 0 ? 0 : Self.end(of: bucket - 1)
                return low + (Self.end(of: bucket) - low) * max(0, rest) / Double(count)
            }
            rest -= Double(count)
        }
        return Self.end(of: Self.last)
    }

    /// Milliseconds.
    private static func end(of bucket: Int) -> Double { least * quarters[bucket & 3] * Double(UInt64(1) << UInt64(bucket >> 2)) }

    private static func bucket(ofMilliseconds duration: Double) -> Int {
        let steps = duration / least
        guard steps > 1 else { return 0 }
        let octave = Int(steps.exponent)
        let rest = steps.significand
        let quarter = rest <= quarters[1] ? (rest <= 1 ? 0 : 1) : rest <= quarters[2] ? 2 : rest <= quarters[3] ? 3 : 4
        return min(last, octave * 4 + quarter)
    }

    /// Powers of the fourth root of two.
    private static let quarters: [Double] = [1, 1.189_207_115_002_721, 1.414_213_562_373_095, 1.681_792_830_507_429]
}
