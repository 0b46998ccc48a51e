import Foundation
import Governance
import Redis
import Store

/// Looks at the Redis of the nodes.
struct RedisCheck {
    private static let area = "redis"
    let connection: StoreOptions.Connection
    let settings: RedisSettings

    func findings() async -> [Finding] {
        do {
            return try await server() + rights() + latency()
        } catch {
            return [
                .failure(
                    Self.area, "Redis does not answer: \(error)", why: "without Redis every call is refused",
                    fix: "look at the server and at redis.url")
            ]
        }
    }

    private func server() async throws -> [Finding] {
        if let shards = connection.redis.shards {
            return await ShardsCheck(redis: connection.redis, shards: shards, check: self).findings()
        }
        guard let text = try await connection.redis.send(["INFO", "everything"]).bytes else { return [] }
        let info = String(decoding: text, as: UTF8.self)
        return findings(in: info) + (await SentinelCheck(redis: connection.redis).findings(Self.facts(info)))
    }

    /// What an INFO of one server tells.
    func findings(in info: String) -> [Finding] {
        let facts = Self.facts(info)
        return version(facts) + memory(facts) + persistence(facts) + place(facts)
    }

    /// The lines of an INFO.
    static func facts(_ info: String) -> [String: String] {
        var facts: [String: String] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
        }
        return facts
    }

    private func version(_ facts: [String: String]) -> [Finding] {
        let version = facts["redis_version"] ?? "?"
        guard (Int(version.prefix { $0 != "." }) ?? 0) >= 7 else {
            return [
                .failure(
                    Self.area, "Redis \(version)", why: "the scripts need what Redis has since version 7", fix: "use Redis 7 or later")
            ]
        }
        return [.good(Self.area, "Redis \(version) at \((try? settings.client().description) ?? "")")]
    }

    private func memory(_ facts: [String: String]) -> [Finding] {
        var findings: [Finding] = []
        if let policy = facts["maxmemory_policy"], policy != "noeviction" {
            findings.append(
                .failure(
                    Self.area, "maxmemory-policy is \(policy)", why: "Redis would throw away books and sessions when its memory is full",
                    fix: "CONFIG SET maxmemory-policy noeviction, and in its configuration file"))
        }
        let limit = Int(facts["maxmemory"] ?? "") ?? 0
        let used = Int(facts["used_memory"] ?? "") ?? 0
        if limit == 0 {
            findings.append(
                .warning(
                    Self.area, "maxmemory is not set", why: "a Redis that grows beyond its machine is killed",
                    fix: "set maxmemory to three quarters of what the machine can give it"))
        } else if used > limit / 10 * 8 {
            findings.append(
                .warning(
                    Self.area, "\(used >> 20) MiB of maxmemory \(limit >> 20) MiB are used", why: "when it is full, calls are refused",
                    fix: "give it more memory, or shorten ledger.remembered"))
        } else {
            findings.append(.good(Self.area, "\(used >> 20) MiB of maxmemory \(limit >> 20) MiB are used"))
        }
        return findings
    }

    private func persistence(_ facts: [String: String]) -> [Finding] {
        if facts["aof_enabled"] == "1" { return [.good(Self.area, "the append-only file is on")] }
        let replicas = Int(facts["connected_slaves"] ?? "") ?? 0
        return [
            .warning(
                Self.area, "the append-only file is off\(replicas > 0 ? ", with \(replicas) replicas" : "")",
                why: "a restart loses what was charged since the last snapshot",
                fix: "CONFIG SET appendonly yes, and in its configuration file")
        ]
    }

    private func place(_ facts: [String: String]) -> [Finding] {
        let database = (try? settings.client().database) ?? 0
        guard facts["cluster_enabled"] == "1" || database == 0 else {
            return [
                .warning(
                    Self.area, "the nodes use database \(database)", why: "a Redis Cluster has only database 0",
                    fix: "use database 0, and redis.prefix to share a server")
            ]
        }
        return []
    }

    private func rights() async throws -> [Finding] {
        let access = RedisAccess(redis: connection.redis, names: connection.names)
        var lacking = try await access.missing()
        if let reason = await Subscription(connection).reason { lacking["PSUBSCRIBE"] = reason }
        guard !lacking.isEmpty else { return [.good(Self.area, "its user may do all that nodes do")] }
        let names = lacking.keys.sorted().joined(separator: ", ")
        return [
            .failure(
                Self.area, "its user may not: \(names)", why: lacking.values.min() ?? "",
                fix: "give it the rule that `satgate doctor --acl` prints")
        ]
    }

    private func latency() async throws -> [Finding] {
        var times: [Duration] = []
        let offset = try await clock()
        for _ in 0..<20 {
            let begin = ContinuousClock.now
            _ = try await connection.redis.send(["PING"])
            times.append(ContinuousClock.now - begin)
        }
        times.sort()
        let (median, most) = (Self.milliseconds(times[times.count / 2]), Self.milliseconds(times[times.count - 1]))
        var findings: [Finding] = []
        let text = "20 pings took \(Self.text(median)) ms in the middle, \(Self.text(most)) ms at most"
        findings.append(
            median < 5
                ? .good(Self.area, text)
                : .warning(Self.area, text, why: "each call waits for Redis twice", fix: "bring Redis nearer to the nodes"))
        let seconds = abs(offset) / 1000
        findings.append(
            abs(offset) < 2000
                ? .good(Self.area, "its clock and this machine's agree within \(seconds + 1) s")
                : .warning(
                    Self.area, "its clock and this machine's differ by \(seconds) s",
                    why: "nodes go by the clock of Redis, so tokens minted here may seem expired or not yet to be",
                    fix: "synchronize the clocks (NTP)"))
        return findings
    }

    /// Milliseconds that Redis' clock is ahead of this machine's.
    private func clock() async throws -> Int64 {
        let reply = try await connection.redis.send(["TIME"])
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].number, (0...1 << 40).contains(seconds) else { return 0 }
        return seconds * 1000 - Int64(Date.now.timeIntervalSince1970 * 1000)
    }

    private static func milliseconds(_ time: Duration) -> Double {
        Double(time.components.seconds) * 1000 + Double(time.components.attoseconds) / 1e15
    }

    private static func text(_ number: Double) -> String { String(format: "%.1f", number) }
}

/// Whether the connection's user may subscribe as nodes do.
private struct Subscription {
    private let subscriber: Subscriber
    private let heard: AsyncStream<Void>

    init(_ connection: StoreOptions.Connection) {
        let (heard, tell) = AsyncStream.makeStream(of: Void.self)
        self.heard = heard
        let channel = connection.names.node(NodeID())
        subscriber = Subscriber(
            client: connection.redis, channels: [connection.names.control], patterns: [connection.names.allEvents], probeChannel: channel,
            onReady: { tell.yield() }, onMessage: { _, _ in })
    }

    /// Nil where all is well; else what is to be said of it.
    var reason: String? {
        get async {
            let running = Task { try await subscriber.run() }
            defer { running.cancel() }
            return await withTaskGroup(of: Bool.self) { group in
                group.addTask { [heard] in
                    for await _ in heard { return true }
                    return false
                }
                group.addTask {
                    try? await Task.sleep(for: .seconds(3))
                    return false
                }
                defer { group.cancelAll() }
                return await group.next() == true ? nil : "no subscription within 3 s"
            }
        }
    }
}
