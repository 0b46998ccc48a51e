/// All that is counted under one name.
struct MetricFamily: Sendable {
    /// The labels of a metric, in the order of their names.
    typealias Labels = [Label]

    /// A name and what it says of a metric.
    struct Label: Sendable, Hashable {
        let name: String
        let value: String
    }

    /// What is counted for one set of labels: the parts of handles that are gone, and those of others.
    struct Series: Sendable {
        var past: MetricValue?
        var parts: [any MetricPart] = []

        var value: MetricValue? { parts.reduce(past) { sum, part in sum.map { $0 + part.value } ?? part.value } }
    }

    /// As many sets of labels are told apart; all others are one, whose labels say `other`.
    static let mostSeries = 64
    /// As many handles of one set of labels have a part of their own.
    static let mostParts = 64

    let name: String
    let kind: MetricKind
    let bounds: [Double]
    private(set) var series: [Labels: Series] = [:]

    init(name: String, kind: MetricKind, bounds: [Double]) {
        self.name = name
        self.kind = kind
        self.bounds = bounds
    }

    /// A part for one more handle; gauges share theirs.
    mutating func part<Part: MetricPart>(of labels: Labels, _ make: () -> Part) -> Part {
        let labels = series[labels] != nil || series.count < Self.mostSeries ? labels : labels.map { Label(name: $0.name, value: "other") }
        let known = series[labels, default: Series()].parts
        if kind == .gauge || known.count >= Self.mostParts, let shared = known.last as? Part { return shared }
        let part = make()
        series[labels, default: Series()].parts.append(part)
        return part
    }

    /// A handle is gone; what it counted stays, but for gauges.
    mutating func remove(_ part: any MetricPart) {
        for (labels, each) in series {
            guard let index = each.parts.firstIndex(where: { $0 === part }) else { continue }
            // A part that several handles share stays with the others.
            if each.parts.count >= Self.mostParts, index == each.parts.count - 1 { return }
            series[labels]?.parts.remove(at: index)
            if kind != .gauge { series[labels]?.past = each.past.map { $0 + part.value } ?? part.value }
            if series[labels]?.value == nil { series[labels] = nil }
            return
        }
    }
}
