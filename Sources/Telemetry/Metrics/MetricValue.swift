/// What a metric stands at for one set of labels.
enum MetricValue: Sendable, Equatable {
    case number(Double)
    /// Observations by bucket, the last of them without a bound; and the sum of what was observed.
    case histogram([UInt64], sum: Double)

    static func + (left: MetricValue, right: MetricValue) -> MetricValue {
        switch (left, right) {
        case (.number(let one), .number(let other)): .number(one + other)
        case (.histogram(let one, let sum), .histogram(let other, let more)) where one.count == other.count:
            .histogram(zip(one, other).map { $0 &+ $1 }, sum: sum + more)
        default: left
        }
    }
}

/// What a metric is, as Prometheus names it.
enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// One handle's part of a metric. Only what holds the handle writes to it; a page adds the parts up.
protocol MetricPart: AnyObject, Sendable {
    var value: MetricValue { get }
}
