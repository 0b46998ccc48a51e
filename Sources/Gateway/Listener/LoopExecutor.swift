package import NIOCore

/// Runs the tasks of one event loop on that loop, and is the one place where tasks of the agent's side start.
package final class LoopExecutor: TaskExecutor {
    package let loop: any EventLoop
    private let running: NIOLoopBoundBox<Running>

    /// How many tasks run, and who waits for none to.
    private struct Running {
        var count = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// An executor for `loop`.
    package init(_ loop: any EventLoop) {
        self.loop = loop
        running = .makeBoxSendingValue(Running(), eventLoop: loop)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Starts a task on this loop; call it on the loop.
    @discardableResult
    package func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        running.value.count += 1
        return Task(executorPreference: self) {
            await body()
            self.ended()
        }
    }

    /// Returns when no started task is left.
    package func idle() async {
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
