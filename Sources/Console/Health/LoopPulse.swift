package import NIOCore
import ServiceLifecycle
import Synchronization

/// Lets every event loop show that it turns, twice a second, and how late it came to that.
package final class LoopPulse: Service, CustomStringConvertible {
    package let description = "pulse of the event loops"
    /// How long a loop may be silent before it counts as stuck.
    private static let patience = TimeAmount.seconds(10)
    private static let interval = TimeAmount.milliseconds(500)

    private let loops: [any EventLoop]
    private let beats: Mutex<[NIODeadline]>
    private let onLag: @Sendable (_ loop: Int, _ lag: TimeAmount) -> Void

    /// `onLag` is told, on the loop, how late each beat came.
    package init(_ group: any EventLoopGroup, onLag: @escaping @Sendable (_ loop: Int, _ lag: TimeAmount) -> Void = { _, _ in }) {
        loops = Array(group.makeIterator())
        beats = Mutex(Array(repeating: .now(), count: loops.count))
        self.onLag = onLag
    }

    /// The loops that have not turned for too long; empty where all is well.
    package var stuck: [Int] {
        let now = NIODeadline.now()
        return beats.withLock { beats in beats.indices.filter { now - beats[$0] > Self.patience } }
    }

    package func run() async throws {
        let tasks = loops.indices.map { index in
            let due = Mutex(NIODeadline.now())
            return loops[index].scheduleRepeatedTask(initialDelay: .zero, delay: Self.interval) { [self] _ in
                let now = NIODeadline.now()
                let lag = due.withLock { due in
                    defer { due = now + Self.interval }
                    return now - due
                }
                beats.withLock { $0[index] = now }
                onLag(index, max(.zero, lag))
            }
        }
        try? await gracefulShutdown()
        for task in tasks { task.cancel() }
    }
}
