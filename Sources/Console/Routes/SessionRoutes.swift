import Governance
import HTTPTypes
import Hummingbird

/// The sessions of agents: `/sessions` and `/tenants/{tenant}/sessions/{session}`.
struct SessionRoutes {
    let sessions: any SessionMonitor
    let tenants: any TenantAdmin

    func add(to router: RouterGroup<AdminContext>) {
        router.get("sessions") { request, _ in try AdminJSON.response(try await list(request)) }
        router.delete("tenants/{tenant}/sessions/{session}") { _, context in
            let id = try context.parameter("session", Names.session) { SessionID($0) }
            guard try await sessions.close(id, of: try context.tenant(), by: context.operatorName) else {
                throw Problem.notFound("no such session")
            }
            return Response(status: .noContent)
        }
    }

    private func list(_ request: Request) async throws -> Listing<SessionItem> {
        let page = try Page(request)
        let order = try request.query("order", "recent or expiry", SessionOrder.init(rawValue:)) ?? .recent
        let tenant = try request.query("tenant", Names.tenant) { TenantName($0) }
        let start = try page.after.map { text throws(Problem) in
            guard let place = Place(text) else { throw .invalid("after: the next of a list") }
            return place
        }
        let names = if let tenant { [tenant] } else { try await tenants.names() }
        var items: [SessionItem] = []
        for name in names where start.map({ name.text >= $0.tenant.text }) ?? true {
            let cursor = start?.tenant == name ? start?.cursor : nil
            let part = try await sessions.list(of: name, in: order, after: cursor, limit: page.limit - items.count)
            items += part.sessions.map(SessionItem.init)
            if let next = part.next { return Listing(items, next: Place(tenant: name, cursor: next).text) }
        }
        return Listing(items)
    }

    /// Where a listing over tenants goes on: `<tenant>@<cursor>`.
    private struct Place {
        let tenant: TenantName
        let cursor: SessionCursor

        init(tenant: TenantName, cursor: SessionCursor) {
            self.tenant = tenant
            self.cursor = cursor
        }

        init?(_ text: String) {
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, let tenant = TenantName(parts[0]), let cursor = SessionCursor(parts[1]) else { return nil }
            self.init(tenant: tenant, cursor: cursor)
        }

        var text: String { "\(tenant)@\(cursor.text)" }
    }
}
