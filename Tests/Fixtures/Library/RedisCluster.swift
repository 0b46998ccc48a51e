/// A cluster of three masters (servers 0, 1 and 2 at first) with a replica each (3, 4 and 5); it stands within 3 s.
///
/// The servers know each other from the start: to meet takes longer, and so does redis-cli.
package final class RedisCluster: Sendable {
    /// All six servers.
    package let instances: RedisInstances

    /// `redis+cluster://127.0.0.1:PORT,…` with the first masters.
    package var url: String { "redis+cluster://\(instances.ports[..<3].map { "127.0.0.1:\($0)" }.joined(separator: ","))" }

    /// `nodeTimeout`: milliseconds of silence until the others take a server for dead; `arguments`: of the servers.
    package init(nodeTimeout: Int = 2_000, _ arguments: [String] = []) async throws {
        let ports = try (0..<6).map { _ in try LoopbackPorts.free() }
        let buses = try (0..<6).map { _ in try LoopbackPorts.free() }
        let ids = (0..<6).map { _ in randomID() }
        instances = try await RedisInstances("cluster", ports: ports) { number, directory in
            let lines = ids.indices.map { other in
                let role = other > 2 ? "slave \(ids[other - 3])" : "master -"
                let slots = other > 2 ? "" : " \(other * 16_384 / 3)-\((other + 1) * 16_384 / 3 - 1)"
                let place = "\(ids[other]) 127.0.0.1:\(ports[other])@\(buses[other])"
                return "\(place) \(other == number ? "myself," : "")\(role) 0 0 \(other % 3 + 1) connected\(slots)\n"
            }
            try write(lines.joined() + "vars currentEpoch 3 lastVoteEpoch 0\n", to: "\(directory)/nodes.conf")
            return RedisInstances.plain + [
                "--port", String(ports[number]), "--dir", directory, "--cluster-enabled", "yes", "--cluster-port", String(buses[number]),
                "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", String(nodeTimeout), "--cluster-announce-ip", "127.0.0.1",
                "--cluster-allow-replica-migration", "no",
            ] + arguments
        }
        try await recover()
    }

    /// The number of the server that owns the key's slot, as most servers say; nil while nobody says so.
    package func master(of key: String) -> Int? {
        guard let slot = slot(of: key) else { return nil }
        var votes: [Int: Int] = [:]
        for number in instances.ports.indices {
            guard let owner = owner(of: slot, as: number) else { continue }
            votes[owner, default: 0] += 1
        }
        return votes.max { $0.value < $1.value }?.key
    }

    /// Orders the replica of the key's master to take over, and waits until it has; its number.
    @discardableResult
    package func failover(of key: String) async throws -> Int {
        guard let old = master(of: key), let replica = replica(of: old) else { throw FixtureError("no master with a replica") }
        guard instances.ask(replica, ["CLUSTER", "FAILOVER"]) == "OK" else { throw FixtureError("the replica does not begin") }
        return try await successor(of: old, for: key)
    }

    /// Waits until the key's slot belongs to another master than that one, and it takes writes; its number.
    package func successor(of old: Int, for key: String) async throws -> Int {
        var found: Int?
        let isThere = try await hasCome(within: .seconds(30)) {
            guard let owner = master(of: key), owner != old, instances.ask(owner, ["SET", key, "x"]) == "OK" else { return false }
            found = owner
            return true
        }
        guard isThere, let found else { throw FixtureError("no failover") }
        return found
    }

    /// The number of that master's replica.
    package func replica(of master: Int) -> Int? {
        let said = instances.lines(master, "ROLE")
        guard said.count > 3, said[0] == "master", let port = Int(said[3]) else { return nil }
        return instances.ports.firstIndex(of: port)
    }

    /// Moves the key's slot with all that is in it to the next master, as operators do under load; the new owner's number.
    ///
    /// `meanwhile` is called once, when the first `batch` keys are moved and others are not.
    @discardableResult
    package func moveSlot(of key: String, batch: Int = 20, meanwhile: () async throws -> Void = {}) async throws -> Int {
        guard let slot = slot(of: key), let source = master(of: key) else { throw FixtureError("nobody owns the slot") }
        let others = instances.ports.indices.filter { $0 != source && instances.lines($0, "ROLE").first == "master" }
        guard let target = others.first(where: { $0 > source }) ?? others.first else { throw FixtureError("no other master") }
        try order(target, "CLUSTER", "SETSLOT", String(slot), "IMPORTING", try id(of: source))
        try order(source, "CLUSTER", "SETSLOT", String(slot), "MIGRATING", try id(of: target))
        var isFirst = true
        while true {
            let keys = instances.lines(source, "CLUSTER", "GETKEYSINSLOT", String(slot), String(batch)).filter { !$0.isEmpty }
            guard !keys.isEmpty else { break }
            try order(source, ["MIGRATE", "127.0.0.1", String(instances.ports[target]), "", "0", "20000", "KEYS"] + keys)
            if isFirst { try await meanwhile() }
            isFirst = false
        }
        let owner = try id(of: target)
        for number in [target, source] + instances.ports.indices.filter({ $0 != target && $0 != source }) {
            _ = instances.ask(number, ["CLUSTER", "SETSLOT", String(slot), "NODE", owner])
        }
        return target
    }

    /// Waits until all six stand, each master with its replica, and name the same owners.
    package func recover() async throws {
        guard try await hasCome(within: .seconds(90), { isWhole }) else { throw FixtureError("the cluster does not stand") }
    }

    private var isWhole: Bool {
        let all = instances.ports.indices
        guard all.allSatisfy({ instances.ask($0, ["CLUSTER", "INFO"])?.hasPrefix("cluster_state:ok") == true }) else { return false }
        let roles = all.map { instances.lines($0, "ROLE") }
        guard roles.filter({ $0.first == "slave" && $0.dropFirst(3).first == "connected" }).count == 3 else { return false }
        let owners = all.map { number in instances.lines(number, "CLUSTER", "NODES").map(slots).filter { !$0.isEmpty }.sorted() }
        return Set(owners).count == 1
    }

    /// `<id> <slots>` of a line that names a master with slots; empty for others.
    private func slots(_ line: String) -> String {
        let fields = line.split(separator: " ")
        return fields.count > 8 ? "\(fields[0]) \(fields[8...].joined(separator: " "))" : ""
    }

    private func slot(of key: String) -> Int? {
        instances.ports.indices.lazy.compactMap { self.instances.ask($0, ["CLUSTER", "KEYSLOT", key]).flatMap { Int($0) } }.first
    }

    private func owner(of slot: Int, as number: Int) -> Int? {
        for line in instances.lines(number, "CLUSTER", "NODES") {
            let fields = line.split(separator: " ")
            guard fields.count > 8, !fields[2].contains("fail") else { continue }
            let ranges = fields[8...].map { $0.split(separator: "-").compactMap { Int($0) } }
            guard ranges.contains(where: { $0.count > 0 && ($0[0]...max($0[0], $0.last ?? 0)).contains(slot) }) else { continue }
            return fields[1].split(separator: "@")[0].split(separator: ":").last.flatMap { Int($0) }.flatMap(instances.ports.firstIndex)
        }
        return nil
    }

    private func id(of number: Int) throws -> String {
        guard let id = instances.ask(number, ["CLUSTER", "MYID"]) else { throw FixtureError("server \(number) does not answer") }
        return id
    }

    private func order(_ number: Int, _ command: String...) throws { try order(number, command) }

    private func order(_ number: Int, _ command: [String]) throws {
        let said = instances.ask(number, command, patience: "25")
        guard said == "OK" else { throw FixtureError("\(command.prefix(4).joined(separator: " ")): \(said ?? "no answer")") }
    }
}
