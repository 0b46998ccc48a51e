/// What is to be played, as JSON.
struct Plan: Decodable, Sendable {
    /// `redis://…`, or of a topology.
    let redis: String
    let prefix: String
    let nodes: Int
    let tenants: Int
    /// Connections over which a node hears: two at a cluster, where its own channel is sharded.
    let subscriptions: Int
    /// Nodes at which somebody watches all events.
    let dashboards: Int
    /// How long what follows goes on.
    let seconds: Double
    /// Messages a second from one node to another.
    let deliveries: Double
    /// Bytes of each.
    let size: Int
    /// Messages a second to all nodes.
    let controls: Double
    /// Events a second that are only published.
    let events: Double
    /// Seconds until everything that was sent must have been heard.
    let patience: Double
}
