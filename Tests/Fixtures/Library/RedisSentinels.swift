/// Three sentinels over a master (server 0 at first) with two replicas; they know each other from the start, so they stand within 2 s.
package final class RedisSentinels: Sendable {
    /// Servers 0, 1 and 2, and the sentinels 3, 4 and 5.
    package let instances: RedisInstances
    private static let sentinels = 3..<6

    /// Name of the master in `url`.
    package static let name = "mymaster"

    /// `redis+sentinel://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT/mymaster`.
    package var url: String { "redis+sentinel://\(doors.joined(separator: ","))/\(Self.name)" }

    /// Of the sentinels, `127.0.0.1:PORT` each.
    package var doors: [String] { Self.sentinels.map { "127.0.0.1:\(instances.ports[$0])" } }

    /// `downAfter`: milliseconds of silence until a sentinel takes the master for dead; `arguments`: of the servers.
    package init(downAfter: Int = 1_000, _ arguments: [String] = []) async throws {
        let ports = try (0..<6).map { _ in try LoopbackPorts.free() }
        let ids = (0..<6).map { _ in randomID() }
        instances = try await RedisInstances("sentinels", ports: ports) { number, directory in
            guard Self.sentinels.contains(number) else {
                let master = number == 0 ? "" : "replicaof 127.0.0.1 \(ports[0])\n"
                try write("port \(ports[number])\ndir \(directory)\n\(master)", to: "\(directory)/redis.conf")
                return ["\(directory)/redis.conf"] + RedisInstances.plain + arguments
            }
            let settings = Self.settings(of: number, in: directory, ports, ids, downAfter)
            try write(settings.joined(separator: "\n") + "\n", to: "\(directory)/sentinel.conf")
            return ["\(directory)/sentinel.conf", "--sentinel"]
        }
        // They look and talk more often than usual: a demoted master follows the new one within 2 s instead of 10.
        let periods = ["SENTINEL", "DEBUG", "PING-PERIOD", "200", "INFO-PERIOD", "1000", "PUBLISH-PERIOD", "500"]
        for sentinel in Self.sentinels { _ = instances.ask(sentinel, periods) }
        try await recover()
    }

    /// The number of the server that a majority of the sentinels names; nil while there is none.
    package var master: Int? {
        var votes: [Int: Int] = [:]
        for sentinel in Self.sentinels {
            let said = instances.lines(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.name)
            guard said.count == 2, let port = Int(said[1]), let number = instances.ports.firstIndex(of: port) else { continue }
            votes[number, default: 0] += 1
        }
        return votes.first { $0.value >= 2 }?.key
    }

    /// Orders a failover and waits until the sentinels name another master, whose number it answers.
    @discardableResult
    package func failover() async throws -> Int {
        guard let old = master else { throw FixtureError("no master") }
        // A sentinel that has not yet seen a fit replica refuses.
        let isOrdered = try await hasCome(within: .seconds(30)) {
            Self.sentinels.contains { instances.ask($0, ["SENTINEL", "FAILOVER", Self.name]) == "OK" }
        }
        guard isOrdered else { throw FixtureError("no sentinel begins") }
        return try await successor(of: old)
    }

    /// Waits until the sentinels name another master than that one, and it takes writes; its number.
    package func successor(of old: Int) async throws -> Int {
        var found: Int?
        let isThere = try await hasCome(within: .seconds(30)) {
            guard let named = master, named != old, instances.ask(named, ["SET", "probe", "x"]) == "OK" else { return false }
            found = named
            return true
        }
        guard isThere, let found else { throw FixtureError("no failover") }
        return found
    }

    /// Waits until the master has both replicas and the sentinels see all of it and each other.
    package func recover() async throws {
        guard try await hasCome(within: .seconds(90), { isWhole }) else { throw FixtureError("the sentinels do not agree") }
    }

    private var isWhole: Bool {
        guard let master else { return false }
        let replicas = (0..<3).filter { $0 != master }
        guard replicas.allSatisfy({ instances.lines($0, "ROLE").dropFirst(3).first == "connected" }) else { return false }
        guard instances.lines(master, "ROLE").first == "master" else { return false }
        return Self.sentinels.allSatisfy { sentinel in
            let seen = instances.ask(sentinel, ["SENTINEL", "REPLICAS", Self.name]) ?? ""
            let fit = seen.split(separator: "master-link-status\nok").count - 1
            let isQuorate = instances.ask(sentinel, ["SENTINEL", "CKQUORUM", Self.name])?.hasPrefix("OK 3") == true
            return isQuorate && fit == 2 && !seen.contains("s_down") && !seen.contains("disconnected")
        }
    }

    private static func settings(of number: Int, in directory: String, _ ports: [Int], _ ids: [String], _ downAfter: Int) -> [String] {
        let others = sentinels.filter { $0 != number }.map { "sentinel known-sentinel \(name) 127.0.0.1 \(ports[$0]) \(ids[$0])" }
        return [
            "port \(ports[number])", "bind 127.0.0.1", "dir \(directory)", "sentinel myid \(ids[number])",
            "sentinel monitor \(name) 127.0.0.1 \(ports[0]) 2", "sentinel down-after-milliseconds \(name) \(downAfter)",
            "sentinel failover-timeout \(name) 6000", "sentinel parallel-syncs \(name) 2",
            "sentinel known-replica \(name) 127.0.0.1 \(ports[1])", "sentinel known-replica \(name) 127.0.0.1 \(ports[2])",
        ] + others
    }
}
