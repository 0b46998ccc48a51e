import Logging
import NIOCore

/// Does what the drain of a node says, from when it is asked for until it is over.
struct Draining {
    private let gateway: Gateway
    private let port: any Channel
    private let tasks: [LoopTasks]
    private let logger: Logger

    /// `port`: where agents connect.
    init(_ gateway: Gateway, _ port: any Channel, _ tasks: [LoopTasks], _ logger: Logger) {
        self.gateway = gateway
        self.port = port
        self.tasks = tasks
        self.logger = logger
    }

    /// Returns when nothing is under way any more, or the time is over.
    func run() async {
        let drain = gateway.drain
        drain.note(.asked)
        await withDiscardingTaskGroup { group in
            var timer: Scheduled<Void>?
            for await input in drain.inputs {
                let (actions, wait) = drain.take(input)
                for action in actions { await perform(action, in: &group) }
                timer?.cancel()
                if drain.phase == .over { break }
                timer = wait.map { tasks[0].loop.scheduleTask(in: .milliseconds($0)) { drain.note(.passed) } }
            }
            group.cancelAll()
        }
    }

    private func perform(_ action: Drain.Action, in group: inout DiscardingTaskGroup) async {
        switch action {
        case .announce: tell("draining: not ready, still accepting")
        case .finish:
            tell("draining: accepting no more, finishing what is under way")
            try? await port.close()
            gateway.parked.drain()
            for tasks in tasks { tasks.forEachConnection { $0.part() } }
            gateway.streams.part()
            group.addTask { await gateway.partStreamSessions() }
            group.addTask {
                for tasks in tasks { await tasks.idle() }
                gateway.drain.note(.idle)
            }
        case .cut:
            logger.warning("draining: cutting what is under way", metadata: load)
            for tasks in tasks { tasks.forEachConnection { $0.cut() } }
            gateway.requests.cancelAll()
        case .close:
            gateway.streams.closeAll()
            for tasks in tasks { tasks.forEachConnection { $0.abort() } }
            tell("draining: done")
        }
    }

    private func tell(_ what: Logger.Message) { logger.info(what, metadata: load) }

    private var load: Logger.Metadata {
        let load = gateway.load
        return ["calls": "\(load.calls)", "streams": "\(load.streams)"]
    }
}
