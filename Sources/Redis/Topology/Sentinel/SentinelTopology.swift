import Logging
import NIOCore
import Synchronization

/// The master that most sentinels name, for all slots.
///
/// Whatever makes it seem gone is news, upon which all sentinels are asked. A majority's word moves all there, also from a server that still answers.
final class SentinelTopology: Topology {
    /// After news the sentinels are asked often for so long.
    private static let excitement: TimeAmount = .seconds(1)

    private let addresses: [ServerAddress]
    let name: String
    /// Of connections to sentinels.
    private let configuration: RedisConfiguration
    private let pools: NodePools
    private let servers: ServerRun
    let loop: any EventLoop
    private let logger: Logger
    private let seat = MasterSeat()
    let watch: NIOLoopBoundBox<SentinelWatch?>
    /// When there was news last.
    private let news = Mutex(NIODeadline.distantPast)

    init(
        _ addresses: [ServerAddress], master name: String, configuration: RedisConfiguration, pools: NodePools, run servers: ServerRun,
        loop: any EventLoop, logger: Logger
    ) {
        self.addresses = addresses
        self.name = name
        self.configuration = configuration
        self.pools = pools
        self.servers = servers
        self.loop = loop
        self.logger = logger
        watch = NIOLoopBoundBox.makeEmptyBox(eventLoop: loop)
    }

    // MARK: For commands

    func known(for slot: HashSlot?) -> NodePool? { seat.pool }

    func pool(for slot: HashSlot?, by deadline: NIODeadline) async throws(RedisError) -> NodePool {
        try await seat.pool(by: deadline, on: loop)
    }

    func learn(from error: RedisError, at pool: NodePool, for slot: HashSlot?) async -> Lesson {
        switch error {
        case .server(let code, _) where RetryCode(rawValue: code) == nil: return .final
        case .crossSlot, .badURL, .badTLS, .badSecret: return .final
        case .server, .unavailable, .protocolViolation, .notSent: break
        }
        if let master = seat.pool, master !== pool { return .redirected(master, asking: false) }
        note()
        // It waited to be sent for as long as it might.
        if case .notSent = error { return .final }
        return .again
    }

    func pending() async -> Int { await seat.pool?.pending() ?? 0 }

    var isReady: Bool { seat.pool?.isReady ?? false }

    func ready(by deadline: NIODeadline) async throws(RedisError) {
        while true {
            let pool = try await pool(for: nil, by: deadline)
            do throws(RedisError) { return try await pool.ready(by: deadline) } catch {
                guard let master = seat.pool, master !== pool else { throw error }
            }
        }
    }

    // MARK: For subscribers

    func address(for slot: HashSlot?) -> ServerAddress? { seat.pool?.address }

    /// While no master is known the last one may still be it.
    func serves(_ address: ServerAddress, _ slot: HashSlot?) -> Bool { seat.pool.map { $0.address == address } ?? true }

    func subscriberLost(_ error: RedisError, at address: ServerAddress?) {
        if address == seat.pool?.address { note() }
    }

    // MARK: Sentinels

    func run() async throws {
        let (replaced, replace) = AsyncStream<NodePool>.makeStream()
        pools.onLoss { [weak self] address, _ in
            if address == self?.seat.pool?.address { self?.note() }
        }
        seat.open()
        loop.execute { self.begin(replace) }
        await withDiscardingTaskGroup { tasks in
            for await pool in replaced { tasks.addTask { await pool.stop() } }
        }
        try? await loop.flatSubmit { self.end() }.get()
        seat.close()
        for pool in pools.forget(allBut: []) { await pool.stop() }
    }

    private func begin(_ replace: AsyncStream<NodePool>.Continuation) {
        let watch = SentinelWatch(
            addresses, master: name, configuration: configuration, loop: loop, logger: logger, isTroubled: { self.isTroubled },
            onMaster: { self.move(to: $0, replace) }, onLack: { self.seat.lack($0) })
        self.watch.value = watch
        watch.start()
    }

    private func end() -> EventLoopFuture<Void> {
        defer { watch.value = nil }
        return watch.value?.stop() ?? loop.makeSucceededVoidFuture()
    }

    /// What waits unsent at the old master fails, and is sent to this one by whoever retries it.
    private func move(to address: ServerAddress, _ replace: AsyncStream<NodePool>.Continuation) {
        let pool = pools.pool(at: address)
        pool.start()
        let old = seat.take(pool)
        for pool in pools.forget(allBut: [address]) { replace.yield(pool) }
        guard let old else { return logger.info("the sentinels name a master", metadata: ["server": "\(address)"]) }
        servers.replaced(by: address)
        logger.warning("Redis has another master", metadata: ["server": "\(address)", "was": "\(old.address)"])
    }

    /// The master may be gone: the sentinels are asked at once, then ever less often.
    private func note() {
        let now = NIODeadline.now()
        let isFirst = news.withLock { news in
            defer { news = now }
            return now - news > Self.excitement
        }
        if isFirst { loop.execute { self.watch.value?.hurry() } }
    }

    private var isTroubled: Bool { !isReady || .now() - news.withLock { $0 } < Self.excitement }
}
