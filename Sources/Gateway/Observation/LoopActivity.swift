import Governance
import NIOCore

/// What one event loop has counted of each tenant's calls since it was last taken. Belongs to its loop.
final class LoopActivity {
    private var tallies: [TenantName: ActivityTally] = [:]

    /// Counts what a request did.
    func count(_ made: Observation.Call?, isRefused: Bool, isUnenforced: Bool, in duration: TimeAmount, by agent: Agent) {
        guard made != nil || isRefused else { return }
        tallies[agent.tenant.name, default: ActivityTally()].count(
            made, isRefused: isRefused, isUnenforced: isUnenforced, in: duration, by: agent)
    }

    /// All of it, to be written down; counting begins anew.
    func take() -> [TenantName: ActivityTally] {
        defer { tallies = [:] }
        return tallies
    }
}

extension ActivityTally {
    fileprivate mutating func count(
        _ made: Observation.Call?, isRefused: Bool, isUnenforced: Bool, in duration: TimeAmount, by agent: Agent
    ) {
        if isUnenforced { unenforced += 1 }
        guard let made else {
            refused += 1
            return
        }
        add(
            call: duration.nanoseconds, failed: made.kind != .ok, charged: made.cost, in: made.accounts, session: agent.session.id,
            grant: agent.grant)
    }
}
