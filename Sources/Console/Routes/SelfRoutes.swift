import Governance
import Hummingbird

/// `GET /api/v1/me`: who asks, and whom.
struct SelfRoutes {
    private struct Me: Encodable {
        let name: String
        let role: String
        let node: String
        let version: String
    }

    let node: NodeID
    let version: String

    func add(to router: RouterGroup<AdminContext>) {
        router.get("me") { _, context in
            guard let identity = context.identity else { throw Problem(.unauthorized, "unauthorized", "an admin token is needed") }
            return try AdminJSON.response(Me(name: identity.name, role: identity.role.rawValue, node: node.text, version: version))
        }
    }
}
