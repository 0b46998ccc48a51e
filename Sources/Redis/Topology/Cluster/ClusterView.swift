/// What one server of a cluster says of it, in reply to CLUSTER SLOTS and CLUSTER NODES.
struct ClusterView: Sendable, Hashable {
    /// A master and the slots that it answers for.
    struct Claim: Sendable, Hashable {
        let slots: ClosedRange<Int>
        let master: SlotMap.Master
    }

    let claims: [Claim]
    /// Where replicas listen.
    let replicas: Set<ServerAddress>
    /// The ids of all servers that it knows; empty where it does not tell.
    let ids: Set<String>

    init(claims: [Claim], replicas: Set<ServerAddress>, ids: Set<String>) {
        self.claims = claims
        self.replicas = replicas
        self.ids = ids
    }

    /// Reads both replies; nil where what is said of slots cannot be true, or is nothing. Where `nodes` cannot be read the epochs are 0.
    init?(slots: RedisValue, nodes: RedisValue?, asked: ServerAddress) {
        guard let entries = slots.elements, (1...HashSlot.count).contains(entries.count) else { return nil }
        let epochs = Self.epochs(in: nodes)
        var claims: [Claim] = []
        var replicas: Set<ServerAddress> = []
        for entry in entries {
            guard let parts = entry.elements, parts.count >= 3, let first = parts[0].number, let last = parts[1].number,
                0 <= first, first <= last, last < HashSlot.count
            else { return nil }
            let servers = parts[2...].map { Self.server($0, asked: asked.host) }
            replicas.formUnion(servers.dropFirst().compactMap { $0?.address })
            // One that nobody can name cannot be asked: its slots are without an owner.
            guard let (address, id) = servers[0] else { continue }
            claims.append(Claim(slots: Int(first)...Int(last), master: .init(address: address, id: id, epoch: epochs[id] ?? 0)))
        }
        guard !claims.isEmpty, Self.areApart(claims) else { return nil }
        self.claims = claims
        self.replicas = replicas
        self.ids = Set(epochs.keys)
    }

    /// Reads `[host, port, id, [name, value, …]]`; a host that is `?` stands among the names' values as `ip`, or nowhere.
    private static func server(_ value: RedisValue, asked: String) -> (address: ServerAddress, id: String)? {
        guard let parts = value.elements, parts.count >= 2 else { return nil }
        var host = parts[0].text
        if host == "?", parts.count > 3, let facts = parts[3].elements {
            for index in stride(from: 0, to: facts.count - 1, by: 2) where facts[index].text == "ip" { host = facts[index + 1].text }
        }
        guard let address = ServerAddress(told: host, port: parts[1].number, asked: asked) else { return nil }
        return (address, parts.count > 2 ? parts[2].text ?? "" : "")
    }

    /// The configuration epoch of each server by its id: the seventh word of its line.
    private static func epochs(in nodes: RedisValue?) -> [String: Int64] {
        var epochs: [String: Int64] = [:]
        for line in (nodes?.text ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 8, let epoch = Int64(words[6]), epoch >= 0 else { continue }
            epochs[String(words[0])] = epoch
        }
        return epochs
    }

    private static func areApart(_ claims: [Claim]) -> Bool {
        let sorted = claims.sorted { $0.slots.lowerBound < $1.slots.lowerBound }
        return zip(sorted, sorted.dropFirst()).allSatisfy { $0.slots.upperBound < $1.slots.lowerBound }
    }
}
