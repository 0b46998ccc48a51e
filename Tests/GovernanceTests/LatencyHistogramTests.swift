import Governance
import Testing

@Suite("Durations counted by size")
struct LatencyHistogramTests {
    @Test(
        "tell every percentile within a tenth",
        arguments: [0.05, 0.15, 0.7, 1, 3.3, 10, 99, 1_234, 59_000, 900_000])
    func precision(milliseconds: Double) throws {
        var latencies = LatencyHistogram()
        for _ in 0..<100 { latencies.add(nanoseconds: Int64(milliseconds * 1_000_000)) }
        for part in [0.01, 0.5, 0.99] {
            let told = try #require(latencies.percentile(part))
            #expect(abs(told - milliseconds) <= max(0.1, milliseconds * 0.19))
        }
    }

    @Test("are in order, whatever their mix; the longest is in the last bucket")
    func order() throws {
        var latencies = LatencyHistogram()
        for step in 0..<1_000 { latencies.add(nanoseconds: Int64(step) * 1_000_000) }
        let half = try #require(latencies.percentile(0.5))
        let most = try #require(latencies.percentile(0.99))
        #expect(abs(half - 500) < 50 && abs(most - 990) < 100)
        latencies.add(nanoseconds: .max)
        #expect(latencies.counts[LatencyHistogram.last] == 1)
        #expect(try #require(latencies.percentile(1)) > most)
    }

    @Test("of several nodes add up; none has no percentile; what is no bucket is left out")
    func sums() {
        var one = LatencyHistogram(counts: [3: 2, 5: 1])
        one.add(LatencyHistogram(counts: [3: 1, 97: 4, -1: 2, 6: -3]))
        #expect(one.counts == [3: 3, 5: 1])
        #expect(LatencyHistogram().percentile(0.5) == nil)
    }
}
