import Gateway
import Store

/// Tells this node's leases what takes from them the ground on which they were taken.
struct LeaseNews: ControlListener {
    let leases: Leases

    func heard(_ message: ControlMessage) {
        switch message {
        case .slicesRecalled(let tenant, let account): leases.recall(tenant, account)
        case .tenantChanged(let tenant), .tokenRevoked(_, let tenant): leases.recall(tenant)
        case .catalogueChanged, .sessionEnded, .upstreamSuspected, .sessionChanged, .watchesChanged, .requestCancelled, .logTurned: break
        }
    }

    func reconnected() { leases.recall() }
}
