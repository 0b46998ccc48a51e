import Redis

/// Looks at the sentinels, and at what the master needs to be replaced without loss.
struct SentinelCheck {
    private static let area = "redis"
    let redis: RedisClient

    /// `facts`: what the master's INFO says. Nothing where there are no sentinels.
    func findings(_ facts: [String: String]) async -> [Finding] {
        guard let reports = await redis.sentinelReports() else { return [] }
        return answering(reports) + agreement(reports) + quorum(reports) + replicas(facts)
    }

    private func answering(_ reports: [SentinelReport]) -> [Finding] {
        var findings: [Finding] = []
        if reports.count < 3 {
            findings.append(
                .warning(
                    Self.area, "\(reports.count) sentinels are known", why: "with fewer than three none may be lost",
                    fix: "run three, on machines of their own, and name them in redis.url"))
        }
        let silent = reports.filter { $0.silence != nil }
        guard !silent.isEmpty else { return findings }
        let list = silent.map { "\($0.address) (\($0.silence ?? ""))" }.joined(separator: ", ")
        let what = "\(silent.count) of \(reports.count) sentinels do not answer: \(list)"
        let fix = "look at them, and at redis.sentinel.username and redis.sentinel.password_file"
        let isLost = silent.count * 2 >= reports.count
        findings.append(
            isLost
                ? .failure(Self.area, what, why: "without most of them nodes cannot start, and follow no other master", fix: fix)
                : .warning(Self.area, what, why: "the fewer answer, the fewer may yet be lost", fix: fix))
        return findings
    }

    private func agreement(_ reports: [SentinelReport]) -> [Finding] {
        let votes = Dictionary(grouping: reports.filter { $0.silence == nil }) { $0.master.map { "\($0)" } ?? "none" }
        let list = votes.sorted { $0.key < $1.key }.map { "\($0.value.count) name \($0.key)" }.joined(separator: ", ")
        guard votes.count > 1 else {
            return votes.isEmpty ? [] : [.good(Self.area, "of \(reports.count) sentinels \(list) as master")]
        }
        return [
            .warning(
                Self.area, "the sentinels disagree who is master: \(list)", why: "nodes go by what more than half of them say",
                fix: "look again in some seconds; if it stays so, compare SENTINEL MASTERS at each")
        ]
    }

    private func quorum(_ reports: [SentinelReport]) -> [Finding] {
        reports.filter { $0.silence == nil && !$0.quorum.hasPrefix("OK") }.map {
            .warning(
                Self.area, "sentinel \($0.address) could not replace the master: \($0.quorum)",
                why: "if the master died none would take over", fix: "see that it reaches the others (SENTINEL CKQUORUM)")
        }
    }

    private func replicas(_ facts: [String: String]) -> [Finding] {
        guard let count = facts["connected_slaves"].flatMap({ Int($0) }) else { return [] }
        guard count > 0 else {
            return [
                .warning(
                    Self.area, "the master has no replica", why: "if it died none could take over",
                    fix: "give it one, better two (REPLICAOF)")
            ]
        }
        // INFO tells of it only where it is set.
        guard facts["min_slaves_good_slaves"] == nil else {
            return [.good(Self.area, "\(count) replicas follow the master, which writes only while it has enough of them")]
        }
        return [
            .warning(
                Self.area, "\(count) replicas follow the master, which writes without them too (min-replicas-to-write 0)",
                why: "what a master writes while it is cut off from them is lost as soon as another has taken over",
                fix: "CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 2, in the configuration files of all servers too")
        ]
    }
}
