import Events
import Gateway
import Governance
import Logging
import NIOCore
import NIOPosix
import Redis
import ServiceLifecycle
import Store
import Upstreams

/// One node, put together: the only place where ports meet what fulfils them.
struct Node {
    let id: NodeID
    let ledger: RedisLedger
    let redis: RedisClient
    let names: KeyNames
    let group: MultiThreadedEventLoopGroup
    /// In the order of dependence: the listener is last, hence the first to stop.
    let services: [any Service]

    /// Wires the node; nothing runs yet. `onListening` is told the agents' address.
    init(
        _ configuration: NodeConfiguration, tenants: [Tenant], keys: KeyRing, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) -> Void
    ) throws {
        let id = NodeID()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        var redis = try RedisConfiguration(url: configuration.redisURL)
        redis.commandTimeout = .milliseconds(configuration.redisTimeout)
        let client = RedisClient(configuration: redis, group: group, logger: logger)
        guard let names = KeyNames(prefix: configuration.redisPrefix) else {
            throw BadValue(key: "redis.prefix", wanted: "at most 64 letters, digits and :._-")
        }
        let directory = FixedTenants(tenants)
        let ledger = RedisLedger(redis: client, names: names)
        let sessions = SessionCache(RedisSessionDirectory(redis: client, names: names))
        let events = RedisEventSink(redis: client, names: names, logger: logger)
        let catalogues = try Catalogues(
            group: group, node: id, directory: RedisCatalogueDirectory(redis: client, names: names),
            sessions: RedisUpstreamSessions(redis: client, names: names), events: events, version: SatGateVersion.text, logger: logger,
            now: { client.now() })
        let documents = AsyncStream<[Tenant]>.makeStream(bufferingPolicy: .bufferingNewest(1))
        documents.continuation.yield(tenants)
        let nodes = LiveNodes(node: id, registry: RedisNodeRegistry(redis: client, names: names), logger: logger)
        let lease = Int64(configuration.lease)
        let holds = OpenHolds(ledger: ledger, lease: lease, logger: logger)
        let settlements = Settlements(ledger: ledger, holds: holds, logger: logger)
        let bus = RedisNodeBus(client, names: names)
        let tasks = group.makeIterator().map { LoopTasks($0) }
        var agentSide = Gateway.Configuration()
        agentSide.lease = lease
        agentSide.keepAlive = .milliseconds(Int64(configuration.keepAlive))
        agentSide.version = SatGateVersion.text
        if Gateway.loopbackHosts.contains(configuration.host) { agentSide.allowedHosts = Gateway.loopbackHosts }
        let gateway = Gateway(
            node: id, configuration: agentSide, authenticator: Authenticator(ring: keys), tenants: directory, catalogues: catalogues,
            ledger: ledger, events: events, bus: bus, sessions: sessions, holds: holds, settlements: settlements, tasks: tasks,
            logger: logger, now: { client.now() })
        let listener = AgentListener(
            .init(host: configuration.host, port: configuration.port), gateway: gateway, tasks: tasks, group: group,
            logger: logger, onListening: onListening)
        self.id = id
        self.ledger = ledger
        self.names = names
        self.redis = client
        self.group = group
        services = [
            Running("redis") { try await client.run() },
            Running("events") {
                await events.run()
                await events.flush(within: .seconds(1))
            },
            Running("bus") { try await bus.run(as: id, receiver: gateway, listeners: [CatalogueNews(catalogues: catalogues)]) },
            nodes,
            holds,
            settlements,
            Sweeper(ledger: ledger, tenants: directory, nodes: nodes, lease: lease, logger: logger),
            Running("upstreams") { await catalogues.run(documents.stream) },
            Opening(listener: listener, client: client, ledger: ledger, tenants: tenants, logger: logger),
        ]
    }
}

/// A long-lived piece that ends when it is cancelled.
struct Running: Service, CustomStringConvertible {
    let description: String
    private let body: @Sendable () async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
        description = name
        self.body = body
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {}
    }
}

/// Opens the tenants' books as soon as Redis answers, then the agents' port.
struct Opening: Service, CustomStringConvertible {
    let description = "agents' port"
    let listener: AgentListener
    let client: RedisClient
    let ledger: RedisLedger
    let tenants: [Tenant]
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await open() }
        guard !Task.isShuttingDownGracefully else { return }
        try await listener.run()
    }

    private func open() async throws {
        var pending = tenants[...]
        while let tenant = pending.first, !Task.isCancelled {
            do {
                try await ledger.openBooks(of: tenant.name)
                pending = pending.dropFirst()
            } catch {
                logger.warning("waiting for Redis", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
