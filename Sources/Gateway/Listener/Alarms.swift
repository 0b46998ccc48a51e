import NIOCore

/// Alarms of one event loop, rung by one timer of it. To cancel one costs the same however many there are; a loop looks through all its
/// own timers for that, which thousands of idle streams would have every call pay for. They ring up to 50 ms late. Belongs to its loop.
final class Alarms {
    /// One that was set.
    final class Alarm {
        fileprivate let turn: Int64
        fileprivate let ring: () -> Void
        fileprivate weak var alarms: Alarms?

        fileprivate init(_ turn: Int64, _ alarms: Alarms, _ ring: @escaping () -> Void) {
            self.turn = turn
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
    private var turns: [Int64: [ObjectIdentifier: Alarm]] = [:]
    private var lastTurn: Int64 = 0
    private(set) var count = 0
    /// Runs while there are alarms.
    private var timer: RepeatedTask?

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Has `ring` called once when that time has passed.
    func set(in delay: TimeAmount, _ ring: @escaping () -> Void) -> Alarm {
        if timer == nil { run() }
        let end = (.now() + delay - start).nanoseconds
        let alarm = Alarm(max(lastTurn + 1, (end + Self.step.nanoseconds - 1) / Self.step.nanoseconds), self, ring)
        turns[alarm.turn, default: [:]][ObjectIdentifier(alarm)] = alarm
        count += 1
        return alarm
    }

    private func remove(_ alarm: Alarm) {
        guard turns[alarm.turn]?.removeValue(forKey: ObjectIdentifier(alarm)) != nil else { return }
        if turns[alarm.turn]?.isEmpty == true { turns[alarm.turn] = nil }
        count -= 1
    }

    private func run() {
        lastTurn = turn
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleRepeatedTask(initialDelay: Self.step, delay: Self.step) { _ in bound.value.ringDue() }
    }

    /// How many steps are over.
    private var turn: Int64 { (.now() - start).nanoseconds / Self.step.nanoseconds }

    private func ringDue() {
        let now = turn
        while lastTurn < now {
            lastTurn += 1
            // One by one, for each may cancel others.
            while let alarm = turns[lastTurn]?.first?.value {
                remove(alarm)
                alarm.ring()
            }
        }
        guard count == 0 else { return }
        timer?.cancel()
        timer = nil
    }
}
