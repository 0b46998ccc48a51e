import Governance
package import NIOCore
import Upstreams

/// The one place where tasks of the agents' side start: each runs on one event loop, and a drain waits for them.
package final class LoopTasks: Sendable {
    package let loop: any EventLoop
    private let executor: LoopExecutor
    private let running: NIOLoopBoundBox<Running>
    private let bell: NIOLoopBoundBox<Alarms>
    /// What this loop counts.
    let metrics = GatewayMetrics()
    private let activity: NIOLoopBoundBox<LoopActivity>

    /// How many tasks run, and who waits for none to.
    private struct Running {
        var count = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// The tasks of `loop`.
    package init(_ loop: any EventLoop) {
        self.loop = loop
        executor = LoopExecutor(loop)
        running = .makeBoxSendingValue(Running(), eventLoop: loop)
        bell = .makeBoxSendingValue(Alarms(loop), eventLoop: loop)
        activity = .makeBoxSendingValue(LoopActivity(), eventLoop: loop)
    }

    /// The alarms of this loop; ask for them on it.
    var alarms: Alarms { bell.value }

    /// Counts something; on this loop only.
    func count(_ note: (LoopActivity) -> Void) {
        if loop.inEventLoop { note(activity.value) }
    }

    /// What this loop has counted since the last time.
    func takeActivity() async -> [TenantName: ActivityTally] {
        await withCheckedContinuation { taker in loop.execute { taker.resume(returning: self.activity.value.take()) } }
    }

    /// Runs a task on this loop, at once up to where it first waits; call it on the loop.
    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        running.value.count += 1
        return Task.immediate(executorPreference: executor) {
            await body()
            self.ended()
        }
    }

    /// Returns when no started task is left.
    func idle() async {
        await withCheckedContinuation { waiter in
            loop.execute {
                if self.running.value.count == 0 { waiter.resume() } else { self.running.value.waiters.append(waiter) }
            }
        }
    }

    private func ended() {
        running.value.count -= 1
        guard running.value.count == 0, !running.value.waiters.isEmpty else { return }
        let waiters = running.value.waiters
        running.value.waiters = []
        for waiter in waiters { waiter.resume() }
    }
}
