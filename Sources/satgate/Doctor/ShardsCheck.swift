import Redis

/// Looks at each master of a Redis Cluster.
struct ShardsCheck {
    private static let area = "redis"
    let redis: RedisClient
    let shards: [Shard]
    let check: RedisCheck

    func findings() async -> [Finding] {
        var findings = slots()
        for shard in shards.sorted(by: { "\($0.master)" < "\($1.master)" }) { findings += await self.findings(at: shard) }
        return findings
    }

    private func slots() -> [Finding] {
        let owned = shards.reduce(0) { $0 + $1.slots }
        guard owned == 16_384 else {
            return [
                .failure(
                    Self.area, "\(owned) of 16384 slots have an owner", why: "tenants in the others are refused",
                    fix: "redis-cli --cluster check, then fix")
            ]
        }
        return [.good(Self.area, "a cluster of \(shards.count) shards, every slot with an owner")]
    }

    /// What is told of one server stands behind its address.
    private func findings(at shard: Shard) async -> [Finding] {
        let place = "\(shard.master) (\(shard.slots) slots)"
        do throws(RedisError) {
            let info = try await redis.send(["INFO", "everything"], to: shard).text ?? ""
            return (check.findings(in: info) + replicas(in: info)).map { finding in
                Finding(grade: finding.grade, area: finding.area, what: "\(place): \(finding.what)", why: finding.why, fix: finding.fix)
            }
        } catch {
            return [
                .failure(
                    Self.area, "\(place) does not answer: \(error)", why: "calls of its tenants are refused until a replica takes over",
                    fix: "look at the server and its replicas")
            ]
        }
    }

    private func replicas(in info: String) -> [Finding] {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("connected_slaves:") }
        let count = line.flatMap { Int($0.dropFirst("connected_slaves:".count)) } ?? 0
        guard count == 0 else { return [.good(Self.area, "replicas: \(count)")] }
        return [
            .warning(
                Self.area, "it has no replica", why: "when it is gone its tenants are refused until it is back",
                fix: "redis-cli --cluster add-node … --cluster-slave")
        ]
    }
}
