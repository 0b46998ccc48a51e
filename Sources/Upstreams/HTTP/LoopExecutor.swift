package import NIOCore

/// Runs tasks on one event loop, so that what they touch there needs no lock and no hop.
///
/// Jobs that become ready in one turn of the loop are run together in the next, for one task of the loop.
package final class LoopExecutor: TaskExecutor {
    private struct Ready {
        var jobs: CircularBuffer<UnownedJob> = []
        var isScheduled = false
    }

    private let loop: any EventLoop
    private let ready: NIOLoopBoundBox<Ready>

    /// An executor whose jobs are turns of `loop`.
    package init(_ loop: any EventLoop) {
        self.loop = loop
        ready = .makeBoxSendingValue(Ready(), eventLoop: loop)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard loop.inEventLoop else { return loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) } }
        ready.value.jobs.append(job)
        guard !ready.value.isScheduled else { return }
        ready.value.isScheduled = true
        loop.execute { self.runReady() }
    }

    /// Runs what is ready now; what becomes ready meanwhile waits for the next turn, so that sockets get theirs.
    private func runReady() {
        ready.value.isScheduled = false
        let executor = asUnownedTaskExecutor()
        for _ in 0..<ready.value.jobs.count {
            guard let job = ready.value.jobs.popFirst() else { return }
            job.runSynchronously(on: executor)
        }
    }
}
