import Governance
import Hummingbird

/// What nodes have counted: `/activity` and `/tenants/{tenant}/tokens`.
struct ActivityRoutes {
    let activity: any ActivityMonitor
    let tenants: any TenantAdmin

    func add(to router: RouterGroup<AdminContext>) {}
}
