package import Events
package import Governance
package import Logging
package import MCPWire
package import NIOCore
package import NIOPosix
import Synchronization

/// The upstreams of all tenants: what tools there are, and the way to call them.
package final class Catalogues: Sendable {
    let lanes: [Lane]
    let metrics = UpstreamMetrics()
    let surroundings: Surroundings
    private let tenants: Mutex<TenantTable> = Mutex(TenantTable())

    /// Upstreams may be where `egress` says; their documents' `${env:…}` are variables of `environment`. `guardian` is the command under
    /// which programs of tenants run: it ends them when their input closes. Throws where the system's trusted certificates cannot be read.
    package init(
        group: MultiThreadedEventLoopGroup, node: NodeID, directory: any CatalogueDirectory, sessions: any UpstreamSessions,
        events: any EventSink, version: String, egress: EgressPolicy, environment: [String: String] = [:], guardian: [String] = [],
        limits: PoolLimits = PoolLimits(), timings: UpstreamTimings = UpstreamTimings(),
        isAlive: @escaping @Sendable (NodeID) -> Bool = { _ in true }, nodeCount: @escaping @Sendable () -> Int = { 1 }, logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) throws {
        let connector = try Connector(limits: limits, policy: egress)
        lanes = group.makeIterator().map { Lane($0, connector: connector) }
        let secrets = NodeSecrets(environment: environment)
        surroundings = Surroundings(
            node: node, directory: directory, sessions: sessions, audience: Audience(node: node, isAlive: isAlive), events: events,
            observers: ChangeObservers(eventLoop: group.next()),
            transports: Transports(
                version: version, secrets: secrets, host: .own(secrets, environment: environment, guardian: guardian), logger: logger),
            timings: timings, nodeCount: nodeCount, logger: logger, now: now)
    }

    /// Follows the tenants' documents, all of them in each snapshot, and keeps their upstreams until cancelled.
    package func run(_ snapshots: AsyncStream<[Tenant]>) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.passOnHints() }
            var watched: Set<TenantName> = []
            var turn = 0
            for await snapshot in snapshots {
                for name in watched.subtracting(snapshot.map(\.name)) { retire(name, in: &group) }
                watched.formIntersection(snapshot.map(\.name))
                for tenant in snapshot {
                    let upstreams = upstreams(of: tenant)
                    for gone in upstreams.update(tenant) { retire(gone, in: &group) }
                    guard watched.insert(tenant.name).inserted else { continue }
                    let home = lanes[turn % lanes.count]
                    turn += 1
                    let watch = TenantWatch(tenant: upstreams, lanes: lanes, home: home, surroundings: surroundings)
                    group.addTask(executorPreference: home.executor) { await watch.run() }
                }
            }
            group.cancelAll()
        }
    }

    /// An upstream says that its lists have changed: where this node looks after it, it looks now.
    package func suspect(_ upstream: UpstreamName, of tenant: TenantName) {
        tenants.withLock { $0[tenant] }?.upstream(upstream)?.0.wanted.ring()
    }

    /// Tells whichever node cares for an upstream what agents' sessions with it have heard, at most twenty times a second.
    private func passOnHints() async {
        for await hint in surroundings.audience.hints {
            try? await surroundings.directory.suspect(hint.upstream, of: hint.tenant)
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Has `observer` told, from now on, whenever lists that a tenant's agents see have changed: what is in them, definitions, names or
    /// prices. Once per node and change, a burst within 100 ms as one; a list that nobody could have seen before is no change.
    package func onChange(_ observer: @escaping @Sendable (ListKinds, TenantName) -> Void) { surroundings.observers.add(observer) }

    /// Has `listener` pass on to agents what upstreams say to them outside of any answer; called on any thread.
    package func onMessage(_ listener: @escaping @Sendable (Overheard) -> Void) { surroundings.audience.set(listener) }

    /// Another node has found something new of this tenant's upstreams.
    package func changed(_ tenant: TenantName) { tenants.withLock { $0[tenant] }?.news.ring() }

    /// Messages of other nodes may have been missed.
    package func reconnected() {
        for tenant in tenants.withLock({ $0.values }) { tenant.news.ring() }
    }

    /// The tenant's tools; only a tenant never discovered waits, at most the deadline of a discovery.
    package func catalogue(of tenant: Tenant) async -> Catalogue {
        let upstreams = upstreams(of: tenant)
        if let current = upstreams.current { return current }
        let deadline = NIODeadline.now() + surroundings.timings.discovery + .milliseconds(200)
        return await upstreams.catalogue(before: deadline, on: (lane ?? lanes[0]).eventLoop)
    }

    /// What the upstream says of itself, as it was last found by any node; nil before.
    package func offer(of upstream: UpstreamName, in tenant: Tenant) -> Offer? {
        guard let record = upstreams(of: tenant).record(upstream), let terms = record.terms else { return nil }
        return Offer(of: terms.capabilities, instructions: record.instructions)
    }

    /// Sends an agent's request to its target on the caller's event loop, which must be one of the group's; returns when the response begins.
    package func forward(
        _ call: ForwardedRequest, to target: Target, of tenant: Tenant, for caller: Caller, deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange {
        guard let lane else { throw .notDispatched(reason: "not on an event loop") }
        guard let (upstream, terms) = upstreams(of: tenant).upstream(target.upstream) else {
            throw .notDispatched(reason: "no such upstream")
        }
        return try await upstream.forward(call, to: target, for: caller, terms: terms, on: lane, before: deadline)
    }

    /// An agent's session has ended by this node's doing: the sessions that upstreams had for it are closed.
    package func ended(_ session: SessionID, of tenant: TenantName) async {
        forget(session, of: tenant)
        guard let kept = try? await surroundings.sessions.take(from: session, of: tenant), !kept.isEmpty else { return }
        guard let upstreams = tenants.withLock({ $0[tenant] }) else { return }
        for (name, terms) in kept { upstreams.upstream(name)?.0.calls?.sessions.close(terms, on: lane ?? lanes[0]) }
    }

    /// An agent's session has ended somewhere: nothing is kept for it here.
    package func forget(_ session: SessionID, of tenant: TenantName) {
        let upstreams = tenants.withLock { $0[tenant] }?.upstreams ?? []
        for upstream in upstreams { upstream.calls?.sessions.forget(session, on: lane ?? lanes[0]) }
    }

    /// How each upstream of each tenant stands, of those that were tried.
    var standings: [UpstreamRecord.Standing] { tenants.withLock { $0.values }.flatMap(\.standings) }

    /// The caller's lane; nil off the group's loops.
    var lane: Lane? {
        guard let current = MultiThreadedEventLoopGroup.currentEventLoop else { return nil }
        return lanes.first { $0.eventLoop === current }
    }

    /// Nothing new is begun; the sessions are closed when the calls under way have ended as they would.
    private func retire(_ upstream: Upstream, in group: inout DiscardingTaskGroup) {
        upstream.retire()
        let lane = lanes[0]
        group.addTask(executorPreference: lane.executor) {
            await upstream.calls?.drain(until: .now() + .milliseconds(upstream.document.timeout), on: lane)
            upstream.finished.ring()
        }
    }

    private func retire(_ name: TenantName, in group: inout DiscardingTaskGroup) {
        guard let gone = tenants.withLock({ $0.removeValue(forKey: name) }) else { return }
        for upstream in gone.retire() { retire(upstream, in: &group) }
    }

    /// What is kept for the tenant, made on first sight.
    func upstreams(of tenant: Tenant) -> TenantUpstreams {
        tenants.withLock { tenants in
            if let known = tenants[tenant.name] { return known }
            let new = TenantUpstreams(tenant, surroundings)
            tenants[tenant.name] = new
            return new
        }
    }
}
