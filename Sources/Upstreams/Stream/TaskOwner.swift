import Synchronization

/// Runs what a transport keeps going beside its calls, in the one task group that `run` opens.
final class TaskOwner: Sendable {
    private struct Job: Sendable {
        let executor: LoopExecutor
        let work: @Sendable () async -> Void
    }

    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init() { (jobs, queue) = AsyncStream.makeStream() }

    /// Has the work done on that lane, by whoever is in `run` or comes to it; false when it has ended.
    func start(on lane: Lane, _ work: @escaping @Sendable () async -> Void) -> Bool {
        if case .enqueued = queue.yield(Job(executor: lane.executor, work: work)) { true } else { false }
    }

    /// Runs the work until it is cancelled; cancels what is at work then and returns when that has ended.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask(executorPreference: job.executor) { await job.work() } }
            group.cancelAll()
        }
    }
}
