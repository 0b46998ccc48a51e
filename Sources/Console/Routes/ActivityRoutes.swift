import Governance
import Hummingbird

/// What nodes have counted: `/activity` and `/tenants/{tenant}/tokens`.
struct ActivityRoutes {
    /// As many minutes are kept.
    private static let mostMinutes = 120

    let activity: any ActivityMonitor
    let tenants: any TenantAdmin

    func add(to router: RouterGroup<AdminContext>) {
        router.get("activity") { request, _ in try AdminJSON.response(try await minutes(request)) }
        router.get("tenants/{tenant}/tokens") { request, context in
            try AdminJSON.response(try await tokens(of: try context.tenant(), try Page(request)))
        }
    }

    private func minutes(_ request: Request) async throws -> ActivityChart {
        let tenant = try request.query("tenant", Names.tenant) { TenantName($0) }
        let count = try request.whole("minutes", in: 1...Self.mostMinutes) ?? 60
        return ActivityChart(minutes: try await activity.minutes(count, of: tenant).map(ActivityItem.init))
    }

    private func tokens(of tenant: TenantName, _ page: Page) async throws -> Listing<TokenItem> {
        let cursor = try page.after.map { text throws(Problem) in
            guard let cursor = TokenCursor(text) else { throw .invalid("after: the next of a list") }
            return cursor
        }
        let found = try await activity.tokens(of: tenant, after: cursor, limit: page.limit + 1)
        if found.isEmpty, try await tenants.find(tenant) == nil { throw Problem.notFound("no such tenant") }
        let shown = Array(found.prefix(page.limit))
        let next = shown.count < found.count ? shown.last.map { TokenCursor(expires: $0.expires, token: $0.token).text } : nil
        return Listing(shown.map(TokenItem.init), next: next)
    }
}

extension TokenCursor {
    /// Reads `text` back; nil where it is none.
    fileprivate init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...15).contains(parts[0].utf8.count), let expires = Int64(parts[0]), expires >= 0, parts[0].first != "+",
            let token = TokenID(parts[1])
        else { return nil }
        self.init(expires: expires, token: token)
    }

    fileprivate var text: String { "\(expires)-\(token)" }
}
