package import Governance
package import Logging
import ServiceLifecycle

/// Gives back the holds that dead nodes left behind: for the tenants this node sweeps, every 500 ms while holds are open, else every half lease.
package final class Sweeper: Service {
    private let ledger: any Ledger
    private let tenants: any TenantDirectory
    private let nodes: LiveNodes
    /// Milliseconds.
    private let lease: Int64
    private let logger: Logger
    private let batch = 128

    package init(ledger: any Ledger, tenants: any TenantDirectory, nodes: LiveNodes, lease: Int64, logger: Logger) {
        self.ledger = ledger
        self.tenants = tenants
        self.nodes = nodes
        self.lease = lease
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var next: [TenantName: ContinuousClock.Instant] = [:]
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(500))
                for tenant in self.tenants.all.map(\.name) where self.nodes.sweeps(tenant) {
                    guard next[tenant].map({ $0 <= .now }) ?? true else { continue }
                    let anyOpen = await self.sweep(tenant)
                    next[tenant] = anyOpen ? .now : .now + .milliseconds(self.lease / 2)
                }
            }
        }
    }

    /// Lapses what is due; true while any hold of the tenant is open.
    private func sweep(_ tenant: TenantName) async -> Bool {
        do {
            let due = try await ledger.due(of: tenant, limit: batch)
            for call in due.calls where try await ledger.lapse(call, of: tenant) == .lapsed { HoldMetrics.lapsed() }
            return due.anyOpen
        } catch {
            logger.debug("not swept", metadata: ["tenant": "\(tenant)", "error": "\(error)"])
            return true
        }
    }
}
