package import Governance
package import Logging
import ServiceLifecycle

/// Ends delegations whose token has expired or was revoked, for the tenants that this node sweeps: looks every second while a tenant has any,
/// else every half lease. Two nodes do it for each tenant, and whatever one leaves undone the other or the next finds.
package final class DelegationUpkeep: Service {
    /// What is known of a tenant between two looks.
    private struct Course {
        var next = ContinuousClock.now
        /// Up to which revoked tokens were looked for among the lineages of children; nil: for none yet.
        var place: Int64?
        var hasLooked = false
    }

    private let delegations: any Delegations
    private let revocations: any Revocations
    private let tenants: any TenantDirectory
    private let nodes: LiveNodes
    private let node: NodeID
    /// Milliseconds.
    private let lease: Int64
    private let logger: Logger
    private let batch = 128
    /// Generations of children that end in one go.
    private let depth = 8

    package init(
        delegations: any Delegations, revocations: any Revocations, tenants: any TenantDirectory, nodes: LiveNodes, node: NodeID,
        lease: Int64, logger: Logger
    ) {
        self.delegations = delegations
        self.revocations = revocations
        self.tenants = tenants
        self.nodes = nodes
        self.node = node
        self.lease = lease
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var courses: [TenantName: Course] = [:]
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(1000))
                let swept = self.tenants.all.map(\.name).filter { self.nodes.sweeps($0) }
                courses = courses.filter { swept.contains($0.key) }
                for tenant in swept {
                    var course = courses[tenant] ?? Course()
                    if course.next <= .now { await self.look(after: tenant, &course) }
                    courses[tenant] = course
                }
            }
        }
    }

    /// Ends what is to be ended now.
    private func look(after tenant: TenantName, _ course: inout Course) async {
        do throws(StoreError) {
            var due = try await delegations.due(of: tenant, limit: batch)
            guard due.anyLive else {
                course = Course(next: .now + .milliseconds(lease / 2))
                return
            }
            try await endRevoked(of: tenant, &course)
            for _ in 0..<depth {
                guard try await end(due.children, of: tenant) else { return }
                due = try await delegations.due(of: tenant, limit: batch)
            }
        } catch {
            logger.debug("delegations not looked after", metadata: ["tenant": "\(tenant)", "error": "\(error)"])
        }
    }

    /// Ends children that are made of tokens revoked since the last look; all of them at the first. One that has to wait is due later.
    private func endRevoked(of tenant: TenantName, _ course: inout Course) async throws(StoreError) {
        let revoked = try await revocations.revoked(of: tenant, after: course.hasLooked ? course.place : nil)
        if !revoked.ids.isEmpty {
            // Children of children are found behind those that they are made of.
            let children = try await delegations.children(of: tenant, madeOf: Set(revoked.ids))
            _ = try await end(children, of: tenant)
        }
        course.place = revoked.place ?? course.place
        course.hasLooked = true
    }

    /// True when any of them ended, so that others may have become ready for it.
    private func end(_ children: [BudgetName], of tenant: TenantName) async throws(StoreError) -> Bool {
        var hasEnded = false
        for child in children {
            do throws(StoreError) {
                if case .returned = try await delegations.end(child, of: tenant, node: node) { hasEnded = true }
            } catch {
                // One that cannot be read holds up no other.
                guard case .corrupt(let reason) = error else { throw error }
                logger.error("a delegation does not end", metadata: ["tenant": "\(tenant)", "budget": "\(child)", "reason": "\(reason)"])
            }
        }
        return hasEnded
    }
}
