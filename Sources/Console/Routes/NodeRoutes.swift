import Governance
import Hummingbird

/// `GET /nodes`: the nodes that live.
struct NodeRoutes {
    private struct Item: Encodable {
        let node: String
        @OrNull var host: String?
        @OrNull var version: String?
        @OrNull var startedAt: String?
        let lastSeen: String
        @OrNull var streams: Int?
        @OrNull var calls: Int?
        @OrNull var rssBytes: Int64?
        let isThis: Bool

        init(_ observed: ObservedNode, isThis: Bool) {
            node = observed.id.text
            host = observed.facts?.host
            version = observed.facts?.version
            startedAt = observed.facts?.started.instant
            lastSeen = observed.lastSeen.instant
            streams = observed.facts?.streams
            calls = observed.facts?.calls
            rssBytes = observed.facts?.memory
            self.isThis = isThis
        }
    }

    let nodes: any NodeMonitor
    /// The one that answers.
    let node: NodeID

    func add(to router: RouterGroup<AdminContext>) {
        router.get("nodes") { request, _ in
            let page = try Page(request)
            let items = try await nodes.nodes().map { Item($0, isThis: $0.id == node) }
            return try AdminJSON.response(Listing(page, of: items) { $0.node })
        }
    }
}
