import Metrics
import Testing

@testable import Telemetry

@Suite("The registry of metrics")
struct MetricRegistryTests {
    private let registry = MetricRegistry()

    private func lines() -> [String] { registry.page.split(separator: "\n").map(String.init) }

    @Test("adds up what the handles of one metric counted, also of those that are gone")
    func parts() {
        let one = Counter(label: "calls_total", dimensions: [("outcome", "ok")], factory: registry)
        let other = Counter(label: "calls_total", dimensions: [("outcome", "ok")], factory: registry)
        one.increment(by: 3)
        other.increment(by: 4)
        #expect(lines().contains("calls_total{outcome=\"ok\"} 7"))
        one.destroy()
        #expect(lines().contains("calls_total{outcome=\"ok\"} 7"))
        other.increment()
        #expect(lines().contains("calls_total{outcome=\"ok\"} 8"))
    }

    @Test("loses nothing that many threads count at once, whole or in parts")
    func threads() async {
        let whole = Counter(label: "whole_total", factory: registry)
        let parts = FloatingPointCounter(label: "parts_total", factory: registry)
        let timer = Timer(label: "time_seconds", dimensions: [], factory: registry)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        whole.increment()
                        parts.increment(by: 0.25)
                        timer.recordNanoseconds(Int64(1_000_000))
                    }
                }
            }
        }
        #expect(lines().contains("whole_total 8000"))
        #expect(lines().contains("parts_total 2000"))
        #expect(lines().contains("time_seconds_sum 8"))
        #expect(lines().contains("time_seconds_bucket{le=\"0.001\"} 8000"))
        #expect(lines().contains("time_seconds_bucket{le=\"0.0005\"} 0"))
        #expect(lines().contains("time_seconds_count 8000"))
    }

    @Test("has all handles of a gauge speak of one thing")
    func gauges() {
        Meter(label: "level", factory: registry).set(5)
        Meter(label: "level", factory: registry).increment(by: 2)
        Gauge(label: "depth", dimensions: [], factory: registry).record(0.5)
        #expect(lines().contains("level 7"))
        #expect(lines().contains("depth 0.5"))
    }

    @Test("counts what no bucket holds in the last one, and sizes that are no times in buckets of their own")
    func buckets() {
        Timer(label: "long_seconds", dimensions: [], factory: registry).recordNanoseconds(Int64(3_600_000_000_000))
        let sizes = Recorder(label: "batch", factory: registry)
        for size in [0, 1, 3, 1_000_000] { sizes.record(size) }
        #expect(lines().contains("long_seconds_bucket{le=\"60\"} 0"))
        #expect(lines().contains("long_seconds_bucket{le=\"+Inf\"} 1"))
        #expect(lines().contains("batch_bucket{le=\"1\"} 2"))
        #expect(lines().contains("batch_bucket{le=\"5\"} 3"))
        #expect(lines().contains("batch_bucket{le=\"+Inf\"} 4"))
        #expect(lines().contains("batch_sum 1000004"))
    }

    @Test("tells only so many sets of labels apart, however many names come")
    func bounded() {
        for number in 0..<100_000 {
            Counter(label: "tools_total", dimensions: [("tool", "t\(number)")], factory: registry).increment()
        }
        let series = lines().filter { $0.hasPrefix("tools_total{") }
        #expect(series.count == MetricFamily.mostSeries + 1)
        #expect(series.contains("tools_total{tool=\"other\"} \(100_000 - MetricFamily.mostSeries)"))
    }

    @Test("keeps names and values from breaking its lines")
    func escapes() {
        Counter(label: "a b-c.d", dimensions: [("la bel", "x\"y\\z\nend")], factory: registry).increment()
        #expect(lines().contains("a_b_c_d{la_bel=\"x\\\"y\\\\z\\nend\"} 1"))
    }

    @Test("shows nothing under a name that is something else already")
    func kinds() {
        Counter(label: "thing", factory: registry).increment()
        Meter(label: "thing", factory: registry).set(9)
        #expect(lines().filter { !$0.hasPrefix("#") } == ["thing 1"])
    }
}
