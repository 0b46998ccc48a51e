import Metrics
import Synchronization

/// Counts what is observed by its size. Sizes are whole ticks, of which `scale` make one unit of the page.
final class HistogramPart: TimerHandler, RecorderHandler, MetricPart {
    /// The most bounds that a histogram may have.
    static let mostBounds = 23

    private let bounds: [Int64]
    private let scale: Double
    private let counts = InlineArray<24, Atomic<UInt64>> { _ in Atomic(0) }
    private let sum = Atomic<Int64>(0)

    /// `bounds`: the largest size of each bucket but the last, in units, ascending.
    init(bounds: [Double], scale: Double) {
        self.bounds = bounds.prefix(Self.mostBounds).map { Int64($0 * scale) }
        self.scale = scale
    }

    func recordNanoseconds(_ duration: Int64) { observe(duration) }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { observe(Int64(exactly: (value * scale).rounded()) ?? 0) }

    private func observe(_ size: Int64) {
        var bucket = 0
        while bucket < bounds.count, bounds[bucket] < size { bucket += 1 }
        counts[bucket].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(size, ordering: .relaxed)
    }

    var value: MetricValue {
        .histogram((0...bounds.count).map { counts[$0].load(ordering: .relaxed) }, sum: Double(sum.load(ordering: .relaxed)) / scale)
    }
}
