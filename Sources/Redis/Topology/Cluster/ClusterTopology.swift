import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The masters of a cluster, each for its slots.
///
/// What is known of them comes from them: a refusal (MOVED) says where one slot went, and any that answers is asked for the whole map when a
/// connection is lost, and now and then. Calls for other masters take no notice.
final class ClusterTopology: Topology {
    let seeds: [ServerAddress]
    let pools: NodePools
    let dialer: Dialer
    let loop: any EventLoop
    let logger: Logger
    private let clock: ServerClock
    private let run: ServerRun
    let state = Mutex(ClusterState())
    /// The map is to be asked for.
    let asked = Bell()
    /// There are pools to stop.
    let left = Bell()
    /// There are servers of which it is not known whether they are alive.
    let suspected = Bell()

    init(
        _ seeds: [ServerAddress], _ pools: NodePools, configuration: RedisConfiguration, loop: any EventLoop, clock: ServerClock,
        run: ServerRun, logger: Logger
    ) {
        self.seeds = seeds
        self.pools = pools
        self.loop = loop
        self.logger = logger
        self.clock = clock
        self.run = run
        dialer = Dialer(configuration)
        pools.onLoss { [asked] _, _ in asked.ring() }
    }

    // MARK: Topology

    func known(for slot: HashSlot?) -> NodePool? {
        state.withLock { state in slot.flatMap { state.outage(of: $0) } == nil ? state.pool(for: slot) : nil }
    }

    func pool(for slot: HashSlot?, by deadline: NIODeadline) async throws(RedisError) -> NodePool {
        while true {
            if let slot, let since = state.withLock({ $0.outage(of: slot) }), NIODeadline.now() - since > Self.patience {
                throw .notSent(
                    "the servers of its slot have been out of reach for \((NIODeadline.now() - since).nanoseconds / 1_000_000_000) s")
            }
            if let pool = state.withLock({ $0.pool(for: slot) }) { return pool }
            guard NIODeadline.now() + Self.look < deadline else { throw .notSent("no server of the cluster is known") }
            await rest(Self.look)
        }
    }

    /// Between two looks for a first server.
    private static let look: TimeAmount = .milliseconds(5)

    /// A server that was out of reach for so long is not waited for any more: who looks after many tenants would be kept from the others.
    private static let patience: TimeAmount = .seconds(10)

    func learn(from error: RedisError, at pool: NodePool, for slot: HashSlot?) async -> Lesson {
        switch error {
        case .server(let code, let message):
            if Redirection.Kind(rawValue: code) != nil { return follow(message, from: pool) }
            guard let code = RetryCode(rawValue: code) else { return .final }
            // The one is of a slot that is moving, the other of a master's own replicas: no news of who is master.
            if code != .tryAgain, code != .noReplicas { asked.ring() }
            return .again
        case .unavailable, .protocolViolation:
            suspect(pool)
            return .again
        case .notSent:
            asked.ring()
            // A server that was replaced gives back what it had not sent.
            return state.withLock { $0.pool(for: slot) } === pool ? .final : .again
        case .crossSlot, .badURL, .badTLS, .badSecret: return .final
        }
    }

    func address(for slot: HashSlot?) -> ServerAddress? {
        state.withLock { $0.pool(for: slot)?.address } ?? seeds.randomElement()
    }

    func subscriberLost(_ error: RedisError, at address: ServerAddress?) {
        asked.ring()
        if case .server(_, let message) = error, let address, let redirection = Redirection(message, asked: address.host) {
            _ = go(redirection)
        }
    }

    func serves(_ address: ServerAddress, _ slot: HashSlot?) -> Bool { state.withLock { $0.serves(address, slot) } }

    func canReach(_ slot: HashSlot) -> Bool { state.withLock { $0.canReach(slot) } }

    func pending() async -> Int {
        var sum = 0
        for pool in pools.all { sum += await pool.pending() }
        return sum
    }

    var isReady: Bool { state.withLock { $0.isWhole } }

    func ready(by deadline: NIODeadline) async throws(RedisError) {
        _ = try await pool(for: nil, by: deadline)
        let all = state.withLock { $0.pools }
        let failures = await withTaskGroup(of: RedisError?.self) { tasks in
            for pool in all {
                tasks.addTask {
                    do throws(RedisError) { try await pool.ready(by: deadline) } catch { return error }
                    return nil
                }
            }
            return await tasks.reduce(into: [RedisError?]()) { $0.append($1) }
        }
        // One that is gone keeps nobody from the others.
        if !failures.contains(nil), let failure = failures.first { throw failure ?? .notSent("no server of the cluster is known") }
    }

    // MARK: What is learnt

    private func follow(_ message: String, from pool: NodePool) -> Lesson {
        guard let redirection = Redirection(message, asked: pool.address.host), let target = go(redirection), target !== pool else {
            asked.ring()
            return .again
        }
        return .redirected(target, asking: redirection.kind == .ask)
    }

    /// The server that the redirection names, connected to from now on.
    private func go(_ redirection: Redirection) -> NodePool? {
        if redirection.kind == .moved { asked.ring() }
        return state.withLock { state in
            guard state.isRunning else { return nil }
            let pool = pools.pool(at: redirection.address)
            pool.start()
            switch redirection.kind {
            case .moved: state.move(redirection.slot, to: pool)
            case .ask: state.host(redirection.address, until: .now() + Self.stay)
            }
            return pool
        }
    }

    /// How long a server stays known to which only a moving slot led.
    private static let stay: TimeAmount = .seconds(60)

    /// Takes in that the server has not answered: it may be gone, though its connections stand.
    func suspect(_ pool: NodePool) {
        asked.ring()
        state.withLock { _ = $0.suspects.insert(pool.address) }
        suspected.ring()
    }

    /// Takes in what servers say, connects to those that are new, and leaves those that own nothing any more.
    func take(_ views: [ClusterView]) {
        let hasTakenOver = state.withLock { state in
            guard state.isRunning, !views.isEmpty else { return false }
            let hasTakenOver = state.take(views) { pools.pool(at: $0) }
            for pool in state.pools { pool.start() }
            state.gone += pools.forget(allBut: state.wanted(at: .now()))
            clock.follow(state.clockOwner)
            return hasTakenOver
        }
        left.ring()
        if hasTakenOver { run.changed() }
    }

    /// Waits; unlike `Task.sleep` also in a cancelled task, whose command must still come to its end.
    private func rest(_ time: TimeAmount) async {
        await withCheckedContinuation { continuation in _ = loop.scheduleTask(in: time) { continuation.resume() } }
    }
}
