import Gateway
import Governance
import NIOCore
import NIOPosix
import OAuth
import Redis
import ServiceLifecycle
import Store
import Tracing
import Upstreams

/// What serves agents: the upstreams, the exchanges, the settlement of calls, and the agents' port.
struct AgentSide {
    let catalogues: Catalogues
    let gateway: Gateway
    private let store: NodeStore
    private let lease: Int64
    private let holds: OpenHolds
    private let settlements: Settlements
    private let leases: Leases
    private let tasks: [LoopTasks]
    private let accessTokens: ResourceServer?
    /// Whether other nodes can reach this one.
    let hearing = FirstHearing()
    private let listener: AgentListener
    private let address: String
    private let bus: RedisNodeBus
    private let logs: LogLevels
    private let secure: SecurePort

    /// Secrets of upstreams come from `environment`; `onListening` is told the address of the port.
    init(
        _ configuration: NodeConfiguration, store: NodeStore, keys: KeyRing, accessTokens: ResourceServer?, environment: [String: String],
        tracer: (any Tracer)?, on group: MultiThreadedEventLoopGroup, logs: LogLevels,
        onListening: @escaping @Sendable (SocketAddress) -> Void
    ) throws {
        let (redis, names, nodes, logger) = (store.redis, store.names, store.nodes, logs.logger())
        self.store = store
        self.logs = logs
        lease = Int64(configuration.lease)
        address = "\(configuration.host):\(configuration.port)"
        var limits = PoolLimits()
        limits.codec = configuration.codec
        catalogues = try Catalogues(
            group: group, node: store.node, directory: RedisCatalogueDirectory(redis: redis, names: names),
            sessions: RedisUpstreamSessions(redis: redis, names: names), events: store.events, version: SatGateVersion.text,
            egress: configuration.egress, environment: environment, guardian: ProcessGuard.own, limits: limits,
            isAlive: { nodes.current.contains($0) }, nodeCount: { nodes.current.count }, logger: logs.logger("upstreams"),
            now: { redis.now() })
        holds = OpenHolds(ledger: store.ledger, lease: lease, logger: logger)
        leases = Leases(slices: store.ledger, holds: holds, node: store.node, lease: lease, logger: logger, now: { redis.now() })
        settlements = Settlements(ledger: store.ledger, holds: holds, leases: leases, logger: logger)
        bus = RedisNodeBus(redis, names: names)
        tasks = group.makeIterator().map { LoopTasks($0) }
        gateway = Gateway(
            node: store.node, configuration: Self.settings(configuration, tracer), authenticator: Authenticator(ring: keys),
            tenants: store.tenants, catalogues: catalogues, ledger: store.ledger, events: store.events, bus: bus,
            outbox: RedisOutbox(redis: redis, names: names, reader: store.node), addresses: RedisAddressBook(redis: redis, names: names),
            isAlive: { nodes.current.contains($0) }, sessions: store.sessions, revoked: store.revoked, delegations: store.delegations,
            holds: holds, settlements: settlements, leases: leases, accessTokens: accessTokens, tasks: tasks,
            logger: logs.logger("gateway"), windows: store.zones,
            now: { redis.now() })
        self.accessTokens = accessTokens
        accessTokens?.onWithdrawal { [gateway] in gateway.judgeAnew() }
        secure = try SecurePort(.agents, configuration.tls, logger: logger)
        listener = AgentListener(
            .init(
                host: configuration.host, port: configuration.port, limits: configuration.limits, identity: secure.identity,
                codec: configuration.codec),
            gateway: gateway, tasks: tasks, group: group, logger: logger, onListening: onListening)
    }

    private static func settings(_ configuration: NodeConfiguration, _ tracer: (any Tracer)?) -> Gateway.Configuration {
        var settings = Gateway.Configuration()
        settings.lease = Int64(configuration.lease)
        settings.leasesBudgets = configuration.leasesBudgets
        settings.inputWait = Int64(configuration.inputWait)
        settings.keepAlive = .milliseconds(Int64(configuration.keepAlive))
        settings.takesTokenInQuery = configuration.tokenInQuery
        settings.resumptionsPerSession = configuration.resumptions
        settings.subscriptionsPerAgent = configuration.subscriptions
        settings.tracer = tracer
        settings.drain = configuration.drain
        settings.version = SatGateVersion.text
        if Gateway.loopbackHosts.contains(configuration.host) { settings.allowedHosts = Gateway.loopbackHosts }
        return settings
    }

    /// How other nodes reach this one.
    var messages: any Service {
        Running("bus") { [bus, store, gateway, catalogues, leases, logs, hearing] in
            try await bus.run(
                as: store.node, receiver: gateway,
                listeners: [store.tenants, CatalogueNews(catalogues: catalogues), LeaseNews(leases: leases), logs, hearing])
        }
    }

    /// What ends calls and looks after what dead nodes left, and the upstreams.
    var services: [any Service] {
        let logger = logs.logger()
        return [
            holds, settlements, leases,
            // What another server does not know can be charged to nobody.
            Running("slices") { [leases, store] in for await _ in store.redis.newServers() { leases.recall() } },
            ActivityUpkeep(
                node: store.node, tasks: tasks, log: RedisActivityLog(redis: store.redis, names: store.names, logger: logger)),
            Sweeper(ledger: store.ledger, tenants: store.tenants, nodes: store.nodes, lease: lease, logger: logger),
            DelegationUpkeep(
                delegations: store.delegations, revocations: store.revocations, tenants: store.tenants, nodes: store.nodes,
                node: store.node, lease: lease, logger: logger),
            Running("upstreams") { [catalogues, store] in await catalogues.run(store.tenants.snapshots) },
        ] + secure.services + (accessTokens.map { [$0] } ?? [])
    }

    /// The agents' port: the last to open, the first to close.
    var port: any Service {
        ServedPort(port: .agents, address: address, service: Opening(listener: listener, tenants: store.tenants))
    }
}

/// Opens the agents' port as soon as the tenants are known.
private struct Opening: Service, CustomStringConvertible {
    let description = "agents' port"
    let listener: AgentListener
    let tenants: RedisTenants

    func run() async throws {
        await cancelWhenGracefulShutdown { await tenants.loaded() }
        guard !Task.isShuttingDownGracefully else { return }
        try await listener.run()
    }
}
