package import Metrics
import Synchronization

/// Keeps what the program counts, and tells it in the words of Prometheus. A handle writes to memory of its own, without a lock: who has
/// one for each event loop keeps the loops apart.
package final class MetricRegistry: MetricsFactory {
    /// The one of this process, to which all handles made after the first use of this belong.
    package static let installed: MetricRegistry = {
        let registry = MetricRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    private let families = Mutex<[String: MetricFamily]>([:])

    /// Keeps nothing yet.
    package init() {}

    /// All of it, in the text format of Prometheus, version 0.0.4.
    package var page: String { ExpositionText.page(of: families.withLock { Array($0.values) }) }

    /// The names of what is counted.
    package var names: [String] { families.withLock { $0.keys.sorted() } }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        part(label, .counter, dimensions) { CounterPart() }
    }

    package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        part(label, .counter, dimensions) { SumPart() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        part(label, .gauge, dimensions) { GaugePart() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return part(label, .gauge, dimensions) { GaugePart() } }
        let bounds = MetricGlossary.bounds(of: label)
        return part(label, .histogram, dimensions) { HistogramPart(bounds: bounds, scale: 1_000_000) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let bounds = MetricGlossary.bounds(of: label)
        return part(label, .histogram, dimensions) { HistogramPart(bounds: bounds, scale: 1_000_000_000) }
    }

    package func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    /// A name that is something else already gives a part that no page shows.
    private func part<Part: MetricPart>(
        _ label: String, _ kind: MetricKind, _ dimensions: [(String, String)], _ make: () -> Part
    ) -> Part {
        let name = ExpositionText.name(label)
        let labels = dimensions.map { MetricFamily.Label(name: ExpositionText.name($0), value: $1) }.sorted { $0.name < $1.name }
        return families.withLock { families in
            var family = families[name] ?? MetricFamily(name: name, kind: kind, bounds: MetricGlossary.bounds(of: label))
            guard family.kind == kind else { return make() }
            defer { families[name] = family }
            return family.part(of: labels, make)
        }
    }

    private func destroy(_ handler: Any) {
        guard let part = handler as? any MetricPart else { return }
        families.withLock { families in
            for name in families.keys { families[name]?.remove(part) }
        }
    }
}
