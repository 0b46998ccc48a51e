import NIOCore

/// Alarms of one event loop, rung by one timer of it. To cancel one costs the same however many there are; a loop looks through all its
/// own timers for that, which thousands of idle streams would have every call pay for. They ring up to 50 ms late. Belongs to its loop.
final class Alarms {
    /// One that was set.
    final class Alarm {
        /// At the end of which it rings.
        let step: Int64
        fileprivate let ring: () -> Void
        fileprivate weak var alarms: Alarms?

        fileprivate init(_ step: Int64, _ alarms: Alarms, _ ring: @escaping () -> Void) {
            self.step = step
            self.alarms = alarms
            self.ring = ring
        }

        /// It does not ring any more.
        func cancel() { alarms?.remove(self) }
    }

    private let loop: any EventLoop
    private let start = NIODeadline.now()
    private static let step = TimeAmount.milliseconds(50)
    /// What rings at the end of which step.
    private var steps: [Int64: [ObjectIdentifier: Alarm]] = [:]
    private var lastStep: Int64 = 0
    private(set) var count = 0
    /// Runs while there are alarms.
    private var timer: RepeatedTask?

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Has `ring` called once when that time has passed.
    func set(in delay: TimeAmount, _ ring: @escaping () -> Void) -> Alarm {
        set(at: Self.steps(.now() + delay - start), ring)
    }

    /// Has `ring` called once at the end of that step.
    func set(at step: Int64, _ ring: @escaping () -> Void) -> Alarm {
        if timer == nil { run() }
        let alarm = Alarm(max(lastStep + 1, step), self, ring)
        steps[alarm.step, default: [:]][ObjectIdentifier(alarm)] = alarm
        count += 1
        return alarm
    }

    /// The last step that is over; while there are alarms, as of the last time that some could ring: no clock is asked.
    var now: Int64 { timer == nil ? passed : lastStep }

    /// How many steps that is, in whole ones.
    static func steps(_ time: TimeAmount) -> Int64 { (time.nanoseconds + step.nanoseconds - 1) / step.nanoseconds }

    private func remove(_ alarm: Alarm) {
        guard steps[alarm.step]?.removeValue(forKey: ObjectIdentifier(alarm)) != nil else { return }
        if steps[alarm.step]?.isEmpty == true { steps[alarm.step] = nil }
        count -= 1
    }

    private func run() {
        lastStep = passed
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleRepeatedTask(initialDelay: Self.step, delay: Self.step) { _ in bound.value.ringDue() }
    }

    /// How many steps are over.
    private var passed: Int64 { (.now() - start).nanoseconds / Self.step.nanoseconds }

    private func ringDue() {
        let now = passed
        while lastStep < now {
            lastStep += 1
            // One by one, for each may cancel others.
            while let alarm = steps[lastStep]?.first?.value {
                remove(alarm)
                alarm.ring()
            }
        }
        guard count == 0 else { return }
        timer?.cancel()
        timer = nil
    }
}
