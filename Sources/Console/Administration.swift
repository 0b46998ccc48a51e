package import Events
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
    let documents: any TenantDocuments
    let issuer: any TokenIssuer
    let audit: any LedgerAudit
    let trail: any AuditTrail
    let activity: any ActivityMonitor

    package init(
        tenants: any TenantAdmin, budgets: any BudgetAdmin, revocations: any Revocations, sessions: any SessionMonitor,
        nodes: any NodeMonitor, upstreams: any UpstreamMonitor, documents: any TenantDocuments, issuer: any TokenIssuer,
        audit: any LedgerAudit, trail: any AuditTrail, activity: any ActivityMonitor
    ) {
        self.activity = activity
        self.documents = documents
        self.issuer = issuer
        self.audit = audit
        self.trail = trail
        self.tenants = tenants
        self.budgets = budgets
        self.revocations = revocations
        self.sessions = sessions
        self.nodes = nodes
        self.upstreams = upstreams
    }

    /// Their routes; `node` answers, `now` is unix milliseconds.
    func add(to api: RouterGroup<AdminContext>, node: NodeID, now: @escaping @Sendable () -> Int64) {
        NodeRoutes(nodes: nodes, node: node).add(to: api)
        TenantRoutes(tenants: tenants, documents: documents).add(to: api)
        let lists = AccountLists(budgets)
        BudgetRoutes(budgets: budgets, lists: lists, tenants: tenants, activity: activity, now: now).add(to: api)
        BudgetChangeRoutes(budgets: budgets, lists: lists).add(to: api)
        AuditRoutes(audit: audit, budgets: budgets, tenants: tenants).add(to: api)
        TokenRoutes(issuer: issuer, tenants: tenants, trail: trail, node: node, now: now).add(to: api)
        RevocationRoutes(revocations: revocations, issuer: issuer).add(to: api)
        UpstreamRoutes(upstreams: upstreams, tenants: tenants).add(to: api)
        SessionRoutes(sessions: sessions, tenants: tenants).add(to: api)
    }
}
