package import Governance
import Hummingbird

/// The ports through which an operator sees and changes what is governed.
package struct Administration: Sendable {
    let tenants: any TenantAdmin
    let budgets: any BudgetAdmin
    let revocations: any Revocations
    let sessions: any SessionMonitor
    let nodes: any NodeMonitor
    let upstreams: any UpstreamMonitor

    package init(
        tenants: any TenantAdmin, budgets: any BudgetAdmin, revocations: any Revocations, sessions: any SessionMonitor,
        nodes: any NodeMonitor, upstreams: any UpstreamMonitor
    ) {
        self.tenants = tenants
        self.budgets = budgets
        self.revocations = revocations
        self.sessions = sessions
        self.nodes = nodes
        self.upstreams = upstreams
    }

    /// Their routes; `node` answers.
    func add(to api: RouterGroup<AdminContext>, node: NodeID) {
        NodeRoutes(nodes: nodes, node: node).add(to: api)
        TenantRoutes(tenants: tenants).add(to: api)
        BudgetRoutes(budgets: budgets, tenants: tenants).add(to: api)
        UpstreamRoutes(upstreams: upstreams, tenants: tenants).add(to: api)
        SessionRoutes(sessions: sessions, tenants: tenants).add(to: api)
    }
}
