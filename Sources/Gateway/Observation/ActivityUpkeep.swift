package import Governance
import ServiceLifecycle
import Synchronization

/// Writes down every second what the event loops have counted, and once more at the end: a node that dies loses what it counted since.
package final class ActivityUpkeep: Service, CustomStringConvertible {
    package let description = "tallies of activity"
    private let node: NodeID
    private let tasks: [LoopTasks]
    private let log: any ActivityLog
    /// What could not be written.
    private let rest = Mutex<[TenantName: ActivityTally]>([:])

    package init(node: NodeID, tasks: [LoopTasks], log: any ActivityLog) {
        self.node = node
        self.tasks = tasks
        self.log = log
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await self.write()
            }
        }
        await write()
    }

    private func write() async {
        var tallies = rest.withLock { $0 }
        for loop in tasks {
            for (tenant, tally) in await loop.takeActivity() { tallies[tenant, default: ActivityTally()].add(tally) }
        }
        guard !tallies.isEmpty else { return }
        let left = await log.add(tallies, of: node)
        rest.withLock { $0 = left }
    }
}
