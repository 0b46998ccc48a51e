import Console
import Gateway
import Store

/// What must hold for a node to be sent agents.
struct Readiness {
    let nodes: LiveNodes
    let tenants: RedisTenants
    let gateway: Gateway

    /// Without a word from Redis for so long the node is not ready.
    private static let patience = Duration.seconds(6)

    var checks: [Health.Check] {
        let silence = nodes.silence
        let redis = silence.map { "last heard \($0.components.seconds) s ago" }
        return [
            Health.Check("redis", silence.map { $0 < Self.patience } ?? false, redis ?? "never heard yet"),
            Health.Check("drain", gateway.drain.isServing, drain),
            Health.Check("tenants", tenants.isLoaded, tenants.isLoaded ? "\(tenants.all.count) known" : "not read yet"),
        ]
    }

    /// Whether the node stops, and what is under way still.
    private var drain: String {
        let load = gateway.load
        return gateway.drain.isServing ? "serving" : "\(gateway.drain.standing), \(load.calls) calls and \(load.streams) streams left"
    }
}
