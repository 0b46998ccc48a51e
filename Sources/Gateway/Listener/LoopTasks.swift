import Governance
package import NIOCore
import Upstreams

/// The one place where tasks of the agents' side start: each runs on one event loop, and a drain waits for them and for those who are connected.
package final class LoopTasks: Sendable {
    package let loop: any EventLoop
    private let executor: LoopExecutor
    private let running: NIOLoopBoundBox<Running>
    private let bell: NIOLoopBoundBox<Alarms>
    /// What this loop counts.
    let metrics = GatewayMetrics()
    private let activity: NIOLoopBoundBox<LoopActivity>

    /// How many tasks run, what is connected, and who waits for none to.
    private struct Running {
        var count = 0
        var connections: [ObjectIdentifier: ExchangeHandler] = [:]
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

    /// An agent has connected; on this loop.
    func connected(_ handler: ExchangeHandler) { running.value.connections[ObjectIdentifier(handler)] = handler }

    /// It is gone; on this loop.
    func disconnected(_ handler: ExchangeHandler) {
        running.value.connections[ObjectIdentifier(handler)] = nil
        tellWaiters()
    }

    /// Does something to all connections, on their loop.
    func forEachConnection(_ body: @escaping @Sendable (ExchangeHandler) -> Void) {
        loop.execute { for handler in Array(self.running.value.connections.values) { body(handler) } }
    }

    /// Returns when no started task is left and nobody is connected.
    func idle() async {
        await withCheckedContinuation { waiter in
            loop.execute {
                self.running.value.waiters.append(waiter)
                self.tellWaiters()
            }
        }
    }

    private func ended() {
        running.value.count -= 1
        tellWaiters()
    }

    private func tellWaiters() {
        guard running.value.count == 0, running.value.connections.isEmpty, !running.value.waiters.isEmpty else { return }
        let waiters = running.value.waiters
        running.value.waiters = []
        for waiter in waiters { waiter.resume() }
    }
}
