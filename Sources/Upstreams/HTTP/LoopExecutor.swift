package import NIOCore

/// Runs tasks on one event loop, so that what they touch there needs no lock and no hop.
package final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    /// An executor whose jobs are turns of `loop`.
    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
