import Console
import Gateway
import Redis
import Store

/// What must hold for a node to be sent agents.
struct Readiness {
    let nodes: LiveNodes
    let tenants: RedisTenants
    let redis: RedisClient
    let gateway: Gateway
    let hearing: FirstHearing

    /// Without a word from Redis for so long the node is not ready.
    private static let patience = Duration.seconds(6)

    var checks: [Health.Check] {
        let silence = nodes.silence
        let heard = silence.map { "last heard \($0.components.seconds) s ago" }
        return [
            Health.Check("redis", isServed(silence), (heard ?? "never heard yet") + missing),
            Health.Check("messages", hearing.hasCome, hearing.hasCome ? "heard" : "not subscribed yet to what nodes tell each other"),
            Health.Check("drain", gateway.drain.isServing, drain),
            Health.Check("tenants", tenants.isLoaded, tenants.isLoaded ? "\(tenants.all.count) known" : "not read yet"),
        ]
    }

    /// Whether the node stops, and what is under way still.
    private var drain: String {
        let load = gateway.load
        return gateway.drain.isServing ? "serving" : "\(gateway.drain.standing), \(load.calls) calls and \(load.streams) streams left"
    }

    /// The list of nodes is in one shard of a cluster: while any other answers, its tenants are served.
    private func isServed(_ silence: Duration?) -> Bool {
        redis.shards?.contains(where: \.isReachable) == true || silence.map { $0 < Self.patience } ?? false
    }

    /// The shards that do not answer.
    private var missing: String {
        let gone = (redis.shards ?? []).filter { !$0.isReachable }
        return gone.isEmpty ? "" : "; out of reach: " + gone.map { "\($0.master) (\($0.slots) slots)" }.joined(separator: ", ")
    }
}
