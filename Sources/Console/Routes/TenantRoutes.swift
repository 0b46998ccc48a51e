import Governance
import HTTPTypes
import Hummingbird

/// The tenants and their documents: `/tenants` and `/tenants/{tenant}`.
struct TenantRoutes {
    private struct Item: Encodable {
        let tenant: String
        let version: Int64
        let source: String
        let updatedAt: String
        let mode: String
        let upstreams: [String]
        let budgets: Int

        init(_ stored: StoredTenant) {
            tenant = stored.tenant.name.text
            version = stored.version
            source = stored.source.rawValue
            updatedAt = stored.updatedAt.instant
            mode = stored.tenant.mode.rawValue
            upstreams = stored.tenant.upstreams.map(\.name.text)
            budgets = stored.tenant.budgets.count
        }
    }

    let tenants: any TenantAdmin

    func add(to router: RouterGroup<AdminContext>) {
        router.get("tenants") { request, _ in try AdminJSON.response(try await list(request)) }
    }

    private func list(_ request: Request) async throws -> Listing<Item> {
        let page = try Page(request)
        var items: [Item] = []
        for name in try await tenants.names() where page.after.map({ name.text > $0 }) ?? true {
            if items.count == page.limit { return Listing(items, next: items.last?.tenant) }
            if let stored = try await tenants.find(name) { items.append(Item(stored)) }
        }
        return Listing(items)
    }
}
