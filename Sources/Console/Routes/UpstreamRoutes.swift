import Governance
import HTTPTypes
import Hummingbird

/// `GET /upstreams`, and the approval of tools that have changed.
struct UpstreamRoutes {
    let upstreams: any UpstreamMonitor
    let tenants: any TenantAdmin

    func add(to router: RouterGroup<AdminContext>) {
        router.get("upstreams") { request, _ in try AdminJSON.response(try await list(request)) }
        router.post("tenants/{tenant}/upstreams/{upstream}/approve") { request, context in
            let upstream = try context.parameter("upstream", Names.upstream) { UpstreamName($0) }
            let tool = request.query("tool")
            guard try await upstreams.approve(tool, of: upstream, tenant: try context.tenant(), by: context.operatorName) else {
                throw Problem.notFound(tool == nil ? "nothing is known of this upstream" : "no such upstream, or it lists no such tool")
            }
            return Response(status: .noContent)
        }
    }

    /// In order of tenant and upstream.
    private func list(_ request: Request) async throws -> Listing<UpstreamItem> {
        let page = try Page(request)
        let tenant = try request.query("tenant", Names.tenant) { TenantName($0) }
        let start = try page.after.map { text throws(Problem) in
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, let tenant = TenantName(parts[0]), let upstream = UpstreamName(parts[1]) else {
                throw .invalid("after: the next of a list")
            }
            return (tenant: tenant, upstream: upstream)
        }
        let names = if let tenant { [tenant] } else { try await tenants.names() }
        var items: [UpstreamItem] = []
        for name in names where start.map({ name.text >= $0.tenant.text }) ?? true {
            for found in try await upstreams.standings(of: name) {
                if let start, start.tenant == name, found.upstream <= start.upstream { continue }
                if items.count == page.limit, let last = items.last { return Listing(items, next: "\(last.tenant)@\(last.upstream)") }
                items.append(UpstreamItem(found))
            }
        }
        return Listing(items)
    }
}
