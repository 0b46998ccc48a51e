import Console
import Gateway
import NIOCore
import NIOPosix
import Redis
import ServiceLifecycle

/// What serves operators: health, metrics, the feed of events, the admin API and the dashboard, on a thread that serves no agent.
struct OperatorSide {
    private let store: NodeStore
    private let gateway: Gateway
    private let pulse: LoopPulse
    private let metrics: MetricsUpkeep
    private let admin: ServedPort
    private let administrators: AdminCredentials
    private let tokensFile: String?
    private let logs: LogLevels
    private let secure: SecurePort
    /// The feed of events, which is read over connections of its own.
    let feed: [any Service]

    /// `agentLoops`: whose health is watched; `group`: the thread of its own; `onListening` is told the address of the port.
    init(
        _ configuration: NodeConfiguration, store: NodeStore, agents: AgentSide, keys: KeyRing, administrators: AdminCredentials,
        agentLoops: MultiThreadedEventLoopGroup, on group: MultiThreadedEventLoopGroup, logs: LogLevels,
        onListening: @escaping @Sendable (SocketAddress) -> Void
    ) throws {
        let (redis, names) = (store.redis, store.names)
        self.store = store
        self.logs = logs
        self.administrators = administrators
        gateway = agents.gateway
        tokensFile = configuration.adminTokensFile
        pulse = LoopPulse(agentLoops, onLag: LagMetrics.note)
        let readiness = Readiness(
            nodes: store.nodes, tenants: store.tenants, redis: store.redis, gateway: agents.gateway, hearing: agents.hearing)
        metrics = MetricsUpkeep(
            gateway: agents.gateway, catalogues: agents.catalogues, redis: redis, events: store.events, readiness: readiness)
        let feed = Node.feed(try configuration.redis.client(), names, on: group, logger: logs.logger())
        self.feed = feed.services
        let console = Console(
            node: store.node, version: SatGateVersion.text, credentials: administrators,
            health: Health(pulse: pulse) { readiness.checks },
            administration: Node.administration(
                of: store.node, redis, names, store.documents, store.revocations, zones: store.zones, keys: keys),
            metering: Node.metering(redis, names, store.documents), feed: feed.feed, logs: logs.control(redis, names),
            now: { redis.now() })
        secure = try SecurePort(.operators, configuration.adminTLS, logger: logs.logger())
        let server = AdminServer(
            .init(host: configuration.adminHost, port: configuration.adminPort, identity: secure.identity), console: console, group: group,
            logger: logs.logger("console"), onListening: onListening)
        admin = ServedPort(port: .operators, address: "\(configuration.adminHost):\(configuration.adminPort)", service: server)
    }

    /// What tells how the node does, and the operators' port.
    var services: [any Service] {
        secure.services + [
            Running("facts") { [store, gateway] in await Node.tellFacts(of: store.node, gateway, store.redis, store.names) },
            pulse,
            Running("metrics") { [metrics] in await metrics.run() },
            Running("file of admin tokens") { [administrators, tokensFile, logs] in
                if let tokensFile {
                    await AdminTokensUpkeep(file: tokensFile, credentials: administrators, logger: logs.logger()).watch()
                }
                try await Running.untilCancelled()
            },
            admin,
        ]
    }
}
