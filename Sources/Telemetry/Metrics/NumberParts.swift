import Metrics
import Synchronization

/// Counts whole things.
final class CounterPart: CounterHandler, MetricPart {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }

    var value: MetricValue { .number(Double(count.load(ordering: .relaxed))) }
}

/// Counts parts of things.
final class SumPart: FloatingPointCounterHandler, MetricPart {
    private let sum = AtomicDouble()

    func increment(by amount: Double) { sum.add(amount) }

    func reset() { sum.set(0) }

    var value: MetricValue { .number(sum.value) }
}

/// Goes up and down. All handles of one set of labels share one: the last word counts.
final class GaugePart: MeterHandler, RecorderHandler, MetricPart {
    private let level = AtomicDouble()

    func set(_ value: Int64) { level.set(Double(value)) }
    func set(_ value: Double) { level.set(value) }
    func increment(by amount: Double) { level.add(amount) }
    func decrement(by amount: Double) { level.add(-amount) }
    func record(_ value: Int64) { level.set(Double(value)) }
    func record(_ value: Double) { level.set(value) }

    var value: MetricValue { .number(level.value) }
}

/// A number that many may add to.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var known = bits.load(ordering: .relaxed)
        while true {
            let wanted = (Double(bitPattern: known) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: known, desired: wanted, ordering: .relaxed)
            if exchanged { return }
            known = original
        }
    }
}
