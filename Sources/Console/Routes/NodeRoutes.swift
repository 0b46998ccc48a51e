import Governance
import Hummingbird

/// `GET /nodes`: the nodes that live.
struct NodeRoutes {
    let nodes: any NodeMonitor
    /// The one that answers.
    let node: NodeID

    func add(to router: RouterGroup<AdminContext>) {
        router.get("nodes") { request, _ in
            let page = try Page(request)
            let items = try await nodes.nodes().map { NodeItem($0, isThis: $0.id == node) }
            return try AdminJSON.response(Listing(page, of: items) { $0.node })
        }
    }
}
