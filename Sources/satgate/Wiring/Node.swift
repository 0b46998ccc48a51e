import Console
import Events
import Gateway
import Governance
import Logging
import NIOCore
import NIOPosix
import Redis
import ServiceLifecycle
import Store
import Telemetry
import TimeZones
import Upstreams

/// One node, put together: the only place where ports meet what fulfils them.
struct Node {
    let id: NodeID
    let ledger: RedisLedger
    let redis: RedisClient
    let logger: Logger
    let names: KeyNames
    let group: MultiThreadedEventLoopGroup
    /// In the order of dependence: the listener is last, hence the first to stop.
    let services: [any Service]

    /// Wires the node; nothing runs yet. Secrets of upstreams come from `environment`; `onListening` is told the address of each port.
    init(
        _ configuration: NodeConfiguration, tenants: TenantsFileUpkeep.Statement, keys: KeyRing, environment: [String: String] = [:],
        administrators: AdminCredentials, logs: LogLevels,
        onListening: @escaping @Sendable (Port, SocketAddress) -> Void
    ) throws {
        // Before the first handle of a metric is made.
        _ = MetricRegistry.installed
        let id = NodeID()
        let logger = logs.logger()
        self.logger = logger
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        let client = RedisClient(configuration: try configuration.redis.client(), group: group, logger: logs.logger("redis"))
        let names = try configuration.redis.names()
        let adminGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let tracing = try Tracing(configuration.tracing, of: id, on: adminGroup, logger: logs.logger("tracing"))
        let store = RedisTenantStore(redis: client, names: names, node: id)
        let zones = tenants.zones
        let directory = RedisTenants(store, zones: zones, interval: .milliseconds(configuration.tenantsRefresh), logger: logger)
        let ledger = RedisLedger(
            redis: client, names: names, remembered: Int64(configuration.remembered), rollback: configuration.rollback, node: id)
        let sessions = SessionCache(
            RedisSessionDirectory(redis: client, names: names, mostPerPrincipal: configuration.sessions))
        let events = RedisEventSink(redis: client, names: names, logger: logger)
        let revocations = RedisRevocations(redis: client, names: names, node: id)
        let revoked = RevokedTokens(revocations, logger: logger)
        let delegations = RedisDelegations(redis: client, names: names)
        let upkeep = TenantsFileUpkeep(statement: tenants, admin: store, events: events, node: id, logger: logger)
        let nodes = LiveNodes(node: id, registry: RedisNodeRegistry(redis: client, names: names), logger: logger)
        let catalogues = try Catalogues(
            group: group, node: id, directory: RedisCatalogueDirectory(redis: client, names: names),
            sessions: RedisUpstreamSessions(redis: client, names: names), events: events, version: SatGateVersion.text,
            egress: configuration.egress, environment: environment, guardian: ProcessGuard.own,
            isAlive: { nodes.current.contains($0) }, logger: logs.logger("upstreams"), now: { client.now() })
        let lease = Int64(configuration.lease)
        let holds = OpenHolds(ledger: ledger, lease: lease, logger: logger)
        let settlements = Settlements(ledger: ledger, holds: holds, logger: logger)
        let bus = RedisNodeBus(client, names: names)
        let tasks = group.makeIterator().map { LoopTasks($0) }
        var agentSide = Gateway.Configuration()
        agentSide.lease = lease
        agentSide.inputWait = Int64(configuration.inputWait)
        agentSide.keepAlive = .milliseconds(Int64(configuration.keepAlive))
        agentSide.takesTokenInQuery = configuration.tokenInQuery
        agentSide.resumptionsPerSession = configuration.resumptions
        agentSide.subscriptionsPerAgent = configuration.subscriptions
        agentSide.tracer = tracing?.tracer
        agentSide.version = SatGateVersion.text
        if Gateway.loopbackHosts.contains(configuration.host) { agentSide.allowedHosts = Gateway.loopbackHosts }
        let gateway = Gateway(
            node: id, configuration: agentSide, authenticator: Authenticator(ring: keys), tenants: directory, catalogues: catalogues,
            ledger: ledger, events: events, bus: bus, outbox: RedisOutbox(redis: client, names: names, reader: id),
            addresses: RedisAddressBook(redis: client, names: names),
            isAlive: { nodes.current.contains($0) }, sessions: sessions, revoked: revoked, delegations: delegations, holds: holds,
            settlements: settlements, tasks: tasks, logger: logs.logger("gateway"), windows: zones, now: { client.now() })
        let listener = AgentListener(
            .init(host: configuration.host, port: configuration.port), gateway: gateway, tasks: tasks, group: group,
            logger: logger
        ) { onListening(.agents, $0) }
        let pulse = LoopPulse(group, onLag: LagMetrics.note)
        let readiness = Readiness(nodes: nodes, tenants: directory)
        let meters = MetricsUpkeep(gateway: gateway, catalogues: catalogues, redis: client, events: events, readiness: readiness)
        let feed = Self.feed(try configuration.redis.client(), names, on: adminGroup, logger: logger)
        let console = Console(
            node: id, version: SatGateVersion.text, credentials: administrators,
            health: Health(pulse: pulse) { readiness.checks },
            administration: Self.administration(of: id, client, names, store, revocations, zones: zones, keys: keys),
            metering: Self.metering(client, names, store), feed: feed.feed, logs: logs.control(client, names), now: { client.now() })
        let admin = AdminServer(
            .init(host: configuration.adminHost, port: configuration.adminPort), console: console,
            group: adminGroup, logger: logs.logger("console")
        ) { onListening(.operators, $0) }
        self.id = id
        self.ledger = ledger
        self.names = names
        self.redis = client
        self.group = group
        var services: [any Service] = [
            Running("redis") { try await client.run() },
            Running("events") {
                await events.run()
                await events.flush(within: .seconds(1))
            },
        ]
        services += tracing?.services ?? []
        services += feed.services
        services += [
            Running("bus") {
                try await bus.run(as: id, receiver: gateway, listeners: [directory, CatalogueNews(catalogues: catalogues), logs])
            },
            Running("tenants") {
                await upkeep.begin()
                await directory.run()
            },
            Running("file of tenants") {
                await upkeep.watch()
                try await Self.untilCancelled()
            },
            nodes,
            Running("facts") { await Self.tellFacts(of: id, gateway, client, names) },
            holds,
            settlements,
            ActivityUpkeep(node: id, tasks: tasks, log: RedisActivityLog(redis: client, names: names, logger: logger)),
            Running("rollback") { await ledger.watchServers() },
            revoked,
            Sweeper(ledger: ledger, tenants: directory, nodes: nodes, lease: lease, logger: logger),
            DelegationUpkeep(
                delegations: delegations, revocations: revocations, tenants: directory, nodes: nodes, node: id, lease: lease,
                logger: logger),
            Running("upstreams") { await catalogues.run(directory.snapshots) },
            pulse,
            Running("metrics") { await meters.run() },
            Running("file of admin tokens") {
                if let file = configuration.adminTokensFile {
                    await AdminTokensUpkeep(file: file, credentials: administrators, logger: logger).watch()
                }
                try await Self.untilCancelled()
            },
            admin,
            Opening(listener: listener, tenants: directory),
        ]
        self.services = services
    }

    /// Keeps a service that has nothing to do from ending, which would end the node.
    private static func untilCancelled() async throws {
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

/// The two sides of a node.
enum Port: String {
    case agents, operators
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

/// Opens the agents' port as soon as the tenants are known.
struct Opening: Service, CustomStringConvertible {
    let description = "agents' port"
    let listener: AgentListener
    let tenants: RedisTenants

    func run() async throws {
        await cancelWhenGracefulShutdown { await tenants.loaded() }
        guard !Task.isShuttingDownGracefully else { return }
        try await listener.run()
    }
}
