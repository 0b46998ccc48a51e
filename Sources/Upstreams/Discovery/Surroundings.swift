import Events
import Governance
import Logging

/// What looking after upstreams needs of the node.
struct Surroundings: Sendable {
    let node: NodeID
    let directory: any CatalogueDirectory
    let sessions: any UpstreamSessions
    let audience: Audience
    let events: any EventSink
    let observers: ChangeObservers
    let transports: Transports
    let timings: UpstreamTimings
    /// How many nodes there are, this one included.
    let nodeCount: @Sendable () -> Int
    let logger: Logger
    /// Unix ms by the clock that all nodes share.
    let now: @Sendable () -> Int64
}
