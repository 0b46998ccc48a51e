import NIOCore

/// What is known of a cluster, and the connections to its masters.
struct ClusterState {
    private(set) var map = SlotMap()
    /// Those of the map's masters, in their order.
    private(set) var pools: [NodePool] = []
    private(set) var replicas: Set<ServerAddress> = []
    /// Servers to which only a moving slot led, each until then.
    private var guests: [ServerAddress: NIODeadline] = [:]
    /// Servers that did not answer, though connections to them stand.
    var suspects: Set<ServerAddress> = []
    /// Since when servers have been out of reach, as of the last look around.
    private var outages: [ServerAddress: NIODeadline] = [:]
    /// Those to be stopped.
    var gone: [NodePool] = []
    var isRunning = false
    private var turn = 0

    /// The slot's owner. For no slot, and for one that nobody owns: any that is ready, else any.
    mutating func pool(for slot: HashSlot?) -> NodePool? {
        if let slot, let place = map.owner(of: slot) { return pools[place] }
        guard !pools.isEmpty else { return nil }
        turn &+= 1
        for step in pools.indices {
            let pool = pools[Int(UInt(bitPattern: turn &+ step) % UInt(pools.count))]
            if pool.isReady, !suspects.contains(pool.address) { return pool }
        }
        return pools[Int(UInt(bitPattern: turn) % UInt(pools.count))]
    }

    /// True where the slot's owner could answer at once.
    func canReach(_ slot: HashSlot) -> Bool {
        guard let place = map.owner(of: slot) else { return false }
        return pools[place].isReady && !suspects.contains(pools[place].address)
    }

    /// True while a subscriber in that slot, or in none, is right at the server.
    func serves(_ address: ServerAddress, _ slot: HashSlot?) -> Bool {
        guard let slot else { return map.isEmpty || isMaster(address) }
        return map.owner(of: slot).map { map.masters[$0].address == address } ?? true
    }

    /// Since when the slot's owner has been out of reach; nil where it is not.
    func outage(of slot: HashSlot) -> NIODeadline? {
        // As of now: it may have come back since the last look around.
        if outages.isEmpty || canReach(slot) { return nil }
        return map.owner(of: slot).flatMap { outages[map.masters[$0].address] }
    }

    /// True where some were out of reach at the last look around.
    var hasOutages: Bool { !outages.isEmpty }

    /// Notes who is out of reach now.
    mutating func lookAround(at now: NIODeadline) {
        let gone = pools.filter { !$0.isReady || suspects.contains($0.address) }.map(\.address)
        outages = Dictionary(gone.map { ($0, outages[$0] ?? now) }) { first, _ in first }
    }

    /// Each master, how many slots it has, and whether it could answer at once.
    var shards: [Shard] {
        zip(map.masters, map.counts).enumerated().map { place, shard in
            let isReachable = pools[place].isReady && !suspects.contains(shard.0.address)
            return Shard(master: shard.0.address, slots: shard.1, isReachable: isReachable)
        }
    }

    /// The master that listens there.
    func pool(at address: ServerAddress) -> NodePool? { pools.first { $0.address == address } }

    /// Takes in that the slot is now that server's.
    mutating func move(_ slot: HashSlot, to pool: NodePool) {
        guard let place = map.move(slot, to: pool.address) else { return }
        if place == pools.count { pools.append(pool) }
    }

    /// Takes in what servers say; true where one has taken over from another.
    mutating func take(_ views: [ClusterView], connect: (ServerAddress) -> NodePool) -> Bool {
        let hasTakenOver = map.take(views)
        pools = map.masters.map { connect($0.address) }
        replicas = views.reduce(into: []) { $0.formUnion($1.replicas) }
        suspects.formIntersection(map.masters.map(\.address))
        return hasTakenOver
    }

    /// Takes in that a moving slot led to that server: it is known until then. One that owns slots is known for those, and left with them:
    /// who waits for it must learn that another has taken over.
    mutating func host(_ address: ServerAddress, until deadline: NIODeadline) {
        if !isMaster(address) { guests[address] = deadline }
    }

    /// Whose connections are kept.
    mutating func wanted(at now: NIODeadline) -> Set<ServerAddress> {
        guests = guests.filter { $0.value > now && !isMaster($0.key) }
        return Set(guests.keys).union(map.masters.map(\.address))
    }

    private func isMaster(_ address: ServerAddress) -> Bool { map.masters.contains { $0.address == address } }

    /// Whose clock is everybody's: that of the first slot's owner, so that all nodes go by the same one.
    var clockOwner: ServerAddress? { HashSlot(number: 0).flatMap { map.owner(of: $0) }.map { map.masters[$0].address } }

    /// True where each slot's owner can be asked.
    var isWhole: Bool { !map.isEmpty && suspects.isEmpty && pools.allSatisfy(\.isReady) }

    /// Every server that was ever heard of and may still be there.
    var known: Set<ServerAddress> { replicas.union(map.masters.map(\.address)) }
}
