import Console
import Gateway
import Governance
import Logging
import NIOCore
import NIOPosix
import OAuth
import Redis
import ServiceLifecycle
import Store
import Telemetry

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
        _ configuration: NodeConfiguration, tenants: TenantsFileUpkeep.Statement, keys: KeyRing, oauth: OAuthFile.Statement? = nil,
        environment: [String: String] = [:], administrators: AdminCredentials, logs: LogLevels,
        onListening: @escaping @Sendable (Port, SocketAddress) -> Void
    ) throws {
        // Before the first handle of a metric is made.
        _ = MetricRegistry.installed
        id = NodeID()
        logger = logs.logger()
        group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        let operatorsGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let tracing = try Tracing(configuration.tracing, of: id, on: operatorsGroup, logger: logs.logger("tracing"))
        let store = try NodeStore(configuration, of: id, tenants: tenants, on: group, logs: logs)
        let accessTokens = try oauth.map { try ResourceServer($0, on: operatorsGroup, logger: logs.logger("oauth")) }
        let agents = try AgentSide(
            configuration, store: store, keys: keys, accessTokens: accessTokens, environment: environment, tracer: tracing?.tracer,
            on: group, logs: logs
        ) { onListening(.agents, $0) }
        let operators = try OperatorSide(
            configuration, store: store, agents: agents, keys: keys, administrators: administrators, agentLoops: group,
            on: operatorsGroup, logs: logs
        ) { onListening(.operators, $0) }
        (ledger, redis, names) = (store.ledger, store.redis, store.names)
        let signals = Termination(drain: agents.gateway.drain, logger: logger)
        let pipes = [signals] + store.pipes + (tracing?.services ?? []) + operators.feed + [agents.messages]
        services = pipes + store.services + agents.services + operators.services + [agents.port]
    }
}
