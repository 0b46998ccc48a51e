package import Governance
import Hummingbird

/// What the node counts, for those who watch it.
package struct Metering: Sendable {
    let page: @Sendable () -> String
    let activity: any ActivityMonitor
    let tenants: any TenantAdmin

    /// `page`: the node's metrics in the text format of Prometheus, as they stand when it is called.
    package init(page: @escaping @Sendable () -> String, activity: any ActivityMonitor, tenants: any TenantAdmin) {
        self.page = page
        self.activity = activity
        self.tenants = tenants
    }

    /// Routes that need no token.
    func add(to router: Router<AdminContext>) { MetricsRoutes(page: page).add(to: router) }

    /// Routes that need one.
    func add(to api: RouterGroup<AdminContext>) { ActivityRoutes(activity: activity, tenants: tenants).add(to: api) }
}
