package import Events
package import Governance
package import Logging
package import MCPWire
package import NIOCore
package import NIOPosix
import Synchronization

/// The upstreams of all tenants: what tools there are, and the way to call them.
package final class Catalogues: Sendable {
    private let lanes: [Lane]
    private let node: NodeID
    private let events: any EventSink
    private let version: String
    private let transports: Transports
    private let timings: UpstreamTimings
    private let logger: Logger
    private let tenants: Mutex<[TenantName: TenantUpstreams]> = Mutex([:])

    /// `guardian` is the command under which programs of tenants run: it ends them when their input closes. Throws where the trusted
    /// certificates cannot be read.
    package init(
        group: MultiThreadedEventLoopGroup, node: NodeID, events: any EventSink, version: String, guardian: [String] = [],
        limits: PoolLimits = PoolLimits(), timings: UpstreamTimings = UpstreamTimings(), logger: Logger
    ) throws {
        let connector = try Connector(limits: limits)
        lanes = group.makeIterator().map { Lane($0, connector: connector) }
        self.node = node
        self.events = events
        self.version = version
        transports = Transports(version: version, surroundings: .own(guardian: guardian), logger: logger)
        self.timings = timings
        self.logger = logger
    }

    /// Connects and discovers the upstreams of these tenants, all at once, and keeps them until cancelled.
    package func run(_ tenants: [Tenant]) async {
        await withDiscardingTaskGroup { group in
            var turn = 0
            for tenant in tenants {
                let upstreams = upstreams(of: tenant)
                for upstream in upstreams.upstreams {
                    let lane = lanes[turn % lanes.count]
                    turn += 1
                    let upkeep = Upkeep(
                        upstream: upstream, tenant: upstreams, lane: lane, node: node, events: events, version: version,
                        timings: timings, logger: logger)
                    group.addTask(executorPreference: lane.executor) { await upkeep.run() }
                    group.addTask { await upstream.transport?.run() }
                }
            }
        }
    }

    /// The tenant's tools; only a tenant never discovered waits, at most the deadline of a discovery.
    package func catalogue(of tenant: Tenant) async -> Catalogue {
        let upstreams = upstreams(of: tenant)
        if let current = upstreams.current { return current }
        let deadline = NIODeadline.now() + timings.discovery + .milliseconds(250)
        return await upstreams.catalogue(before: deadline, on: (lane ?? lanes[0]).eventLoop)
    }

    /// Sends the call to its tool on the caller's event loop, which must be one of the group's; returns when the response begins.
    package func forward(
        _ call: ToolCall, to entry: CatalogueEntry, of tenant: Tenant, deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        guard let lane else { throw .notDispatched(reason: "not on an event loop") }
        guard let upstream = upstreams(of: tenant).upstream(entry.target.upstream) else { throw .notDispatched(reason: "no such upstream") }
        return try await upstream.forward(call, tool: entry.definition, on: lane, before: deadline)
    }

    /// The caller's lane; nil off the group's loops.
    private var lane: Lane? {
        guard let current = MultiThreadedEventLoopGroup.currentEventLoop else { return nil }
        return lanes.first { $0.eventLoop === current }
    }

    /// What is kept for the tenant, made on first sight.
    private func upstreams(of tenant: Tenant) -> TenantUpstreams {
        tenants.withLock { tenants in
            if let known = tenants[tenant.name] { return known }
            let new = TenantUpstreams(tenant, by: transports)
            tenants[tenant.name] = new
            return new
        }
    }
}
