import Governance
package import NIOCore
import Upstreams

/// The one place where tasks of the agents' side start: each runs on one event loop, and a drain waits for them and for those who are connected.
package final class LoopTasks: Sendable {
    package let loop: any EventLoop
    private let executor: LoopExecutor
    private let running: NIOLoopBoundBox<Running>
    private let bell: NIOLoopBoundBox<Alarms>
    private let memory: NIOLoopBoundBox<ReplyBuffer>
    private let sockets: NIOLoopBoundBox<TurnWrites>
    /// What this loop counts.
    let metrics = GatewayMetrics()
    private let activity: NIOLoopBoundBox<LoopActivity>

    /// How many tasks run, what is connected, and who waits for none to.
    private final class Running {
        var count = 0
        var connections: [ObjectIdentifier: ExchangeHandler] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// The tasks of `loop`.
    package init(_ loop: any EventLoop) {
        self.loop = loop
        executor = LoopExecutor(loop)
        running = .makeBoxSendingValue(Running(), eventLoop: loop)
        memory = .makeBoxSendingValue(ReplyBuffer(), eventLoop: loop)
        sockets = .makeBoxSendingValue(TurnWrites(loop), eventLoop: loop)
        bell = .makeBoxSendingValue(Alarms(loop), eventLoop: loop)
        activity = .makeBoxSendingValue(LoopActivity(), eventLoop: loop)
    }

    /// The alarms of this loop; ask for them on it.
    var alarms: Alarms { bell.value }

    /// Where the answers of this loop are put together; ask for it on the loop.
    var replies: ReplyBuffer { memory.value }

    /// What sends the answers of this loop; ask for it on the loop.
    var writes: TurnWrites { sockets.value }

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

    /// Has the gateway serve a request on this loop, at once up to where it first waits; call it on the loop.
    func serve(_ inbound: Inbound, _ reply: HTTPReply, by gateway: Gateway) -> Task<Void, Never> {
        running.value.count += 1
        let bound = NIOLoopBound(reply, eventLoop: loop)
        return Task.immediate(executorPreference: executor) {
            TaskMemory.reserve()
            let reply = bound.value
            await gateway.serve(inbound, reply: reply)
            reply.wasServed()
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
        let running = running.value
        running.count -= 1
        if running.count == 0 { tellWaiters() }
    }

    private func tellWaiters() {
        let running = running.value
        guard running.count == 0, running.connections.isEmpty, !running.waiters.isEmpty else { return }
        let waiters = running.waiters
        running.waiters = []
        for waiter in waiters { waiter.resume() }
    }
}
