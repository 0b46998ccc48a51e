import Gateway
import Governance
import NIOPosix
import Redis
import ServiceLifecycle
import Store
import TimeZones

/// What a node keeps in Redis, and what keeps that in step.
struct NodeStore {
    let node: NodeID
    let redis: RedisClient
    let names: KeyNames
    let documents: RedisTenantStore
    let tenants: RedisTenants
    let zones: ZoneDatabase
    let ledger: RedisLedger
    let sessions: SessionCache
    let events: RedisEventSink
    let revocations: RedisRevocations
    let revoked: RevokedTokens
    let delegations: RedisDelegations
    let nodes: LiveNodes
    private let file: TenantsFileUpkeep

    /// `group`: the agents' threads.
    init(
        _ configuration: NodeConfiguration, of node: NodeID, tenants statement: TenantsFileUpkeep.Statement,
        on group: MultiThreadedEventLoopGroup, logs: LogLevels
    ) throws {
        let logger = logs.logger()
        self.node = node
        redis = RedisClient(configuration: try configuration.redis.client(), group: group, logger: logs.logger("redis"))
        names = try configuration.redis.names()
        documents = RedisTenantStore(redis: redis, names: names, node: node)
        zones = statement.zones
        tenants = RedisTenants(documents, zones: zones, interval: .milliseconds(configuration.tenantsRefresh), logger: logger)
        ledger = RedisLedger(
            redis: redis, names: names, scripts: StoreScripts(ledgerEntries: configuration.ledgerEntries),
            remembered: Int64(configuration.remembered), rollback: configuration.rollback, node: node)
        sessions = SessionCache(RedisSessionDirectory(redis: redis, names: names, mostPerPrincipal: configuration.sessions))
        events = RedisEventSink(redis: redis, names: names, logger: logger)
        revocations = RedisRevocations(redis: redis, names: names, node: node)
        revoked = RevokedTokens(revocations, logger: logger)
        delegations = RedisDelegations(redis: redis, names: names)
        nodes = LiveNodes(node: node, registry: RedisNodeRegistry(redis: redis, names: names), logger: logger)
        file = TenantsFileUpkeep(
            statement: statement, admin: documents, events: events, node: node, logger: logger,
            isPartlyReachable: { [redis] in redis.shards?.contains(where: \.isReachable) == true })
    }

    /// What all else writes through: the first to begin and the last to stop.
    var pipes: [any Service] {
        [
            Running("redis") { [redis] in try await redis.run() },
            Running("events") { [events] in
                await events.run()
                await events.flush(within: .seconds(1))
            },
        ]
    }

    /// What is known of tenants, nodes, accounts and tokens.
    var services: [any Service] {
        [
            Running("tenants") { [file, tenants] in
                let rest = await file.begin()
                async let late: Void = file.finish(rest)
                await tenants.run()
                await late
            },
            Running("file of tenants") { [file] in
                await file.watch()
                try await Running.untilCancelled()
            },
            nodes,
            Running("rollback") { [ledger] in await ledger.watchServers() },
            revoked,
        ]
    }
}
