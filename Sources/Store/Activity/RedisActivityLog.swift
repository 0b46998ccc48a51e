package import Governance
package import Logging
package import Redis

/// What nodes count, added up in Redis: of each minute, session and token a hash.
package struct RedisActivityLog: ActivityLog {
    private let redis: RedisClient
    private let names: KeyNames
    private let script: Script
    private let tenants: TenantKeyCache
    private let logger: Logger

    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, logger: Logger) {
        self.redis = redis
        self.names = names
        self.logger = logger
        script = scripts.tally
        tenants = TenantKeyCache(names)
    }

    package func add(_ tallies: [TenantName: ActivityTally], of node: NodeID) async -> [TenantName: ActivityTally] {
        let runs = TallyRuns(node: node, minute: redis.now() / 60_000)
        var all = ActivityTally()
        var rest: [TenantName: ActivityTally] = [:]
        for (tenant, tally) in tallies {
            var isFirst = true
            for run in runs.runs(of: tally, tenants.keys(of: tenant)) {
                if await write(run) {
                    // What is counted of the whole is in the first of the runs.
                    if isFirst { all.add(run.tally.sum) }
                } else {
                    rest[tenant, default: ActivityTally()].add(run.tally)
                }
                isFirst = false
            }
        }
        if all.isAnything { _ = await write(runs.run(ofAll: all, names)) }
        return rest
    }

    /// False where it surely was not written.
    private func write(_ run: TallyRuns.Run) async -> Bool {
        do throws(RedisError) {
            _ = try await redis.evaluate(script, keys: run.keys, arguments: run.arguments)
            return true
        } catch {
            if case .notSent = error { return false }
            logger.debug("what was counted may be lost", metadata: ["error": "\(error)"])
            return true
        }
    }
}

extension ActivityTally {
    /// Something was counted.
    fileprivate var isAnything: Bool { calls > 0 || refused > 0 || unenforced > 0 }
}
