import Console
import Foundation
import Gateway
import Governance
import Redis
import Store
import TimeZones
import Upstreams

extension Node {
    /// What the operator's port works through.
    static func administration(
        of node: NodeID, _ redis: RedisClient, _ names: KeyNames, _ tenants: RedisTenantStore, _ revocations: RedisRevocations,
        zones: ZoneDatabase, keys: KeyRing
    ) -> Administration {
        Administration(
            tenants: tenants, budgets: RedisBudgetAdmin(redis: redis, names: names), revocations: revocations,
            sessions: RedisSessionMonitor(redis: redis, names: names, node: node), nodes: RedisNodeMonitor(redis: redis, names: names),
            upstreams: CatalogueMonitor(RedisCatalogueDirectory(redis: redis, names: names)), documents: TenantDocumentReader(zones: zones),
            issuer: RingIssuer(keys), audit: RedisLedgerAudit(redis: redis, names: names),
            trail: RedisAuditTrail(redis: redis, names: names),
            activity: RedisActivityMonitor(redis: redis, names: names))
    }

    /// Tells the others every second what this node is and does, until it is cancelled.
    static func tellFacts(of node: NodeID, _ gateway: Gateway, _ redis: RedisClient, _ names: KeyNames) async {
        let monitor = RedisNodeMonitor(redis: redis, names: names)
        let (started, host) = (redis.now(), ProcessInfo.processInfo.hostName)
        while !Task.isCancelled {
            let load = gateway.load
            let facts = NodeFacts(
                host: host, version: SatGateVersion.text, started: started, streams: load.streams,
                calls: load.calls, memory: residentBytes)
            // While Redis is away nobody asks.
            try? await monitor.tell(facts, of: node)
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Bytes of memory that this process has in use.
    private static var residentBytes: Int64 {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let words = text.split(separator: " ")
        return words.count > 1 ? (Int64(words[1]) ?? 0) * Int64(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
