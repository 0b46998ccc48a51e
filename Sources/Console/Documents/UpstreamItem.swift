import Governance

/// An upstream in a list.
struct UpstreamItem: Encodable, Sendable {
    struct Failure: Encodable, Sendable {
        let reason: String
        let at: String
    }

    let tenant: String
    let upstream: String
    let standing: String
    @OrNull var reason: String?
    let since: String
    @OrNull var transport: String?
    @OrNull var revision: String?
    @OrNull var server: String?
    let tools: Int
    let changedTools: [String]
    let isWithdrawn: Bool
    @OrNull var latencyMs: Int64?
    @OrNull var listedAt: String?
    let node: String
    @OrNull var lastFailure: Failure?

    init(_ found: UpstreamStanding) {
        tenant = found.tenant.text
        upstream = found.upstream.text
        standing = found.down == nil ? "up" : "down"
        reason = found.down
        since = found.since.instant
        transport = found.transport
        revision = found.revision
        server = found.server
        tools = found.tools
        changedTools = found.changedTools
        isWithdrawn = found.isWithdrawn
        latencyMs = found.latency
        listedAt = found.listed?.instant
        node = found.node.text
        lastFailure = found.lastFailure.map { Failure(reason: $0.reason, at: $0.at.instant) }
    }
}
