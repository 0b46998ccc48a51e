import Logging
import NIOPosix
import Synchronization

/// The servers that a topology knows, each with its connections.
///
/// A pool that was made is started by its topology, and stopped by it or by `stop()`: what waits in a stopped pool fails as not sent.
final class NodePools: Sendable {
    private let configuration: RedisConfiguration
    private let group: MultiThreadedEventLoopGroup
    private let clock: ServerClock
    private let run: ServerRun
    private let logger: Logger
    private let pools = Mutex<[ServerAddress: NodePool]>([:])
    private let listener = Mutex<(@Sendable (ServerAddress, RedisError) -> Void)?>(nil)

    init(configuration: RedisConfiguration, group: MultiThreadedEventLoopGroup, clock: ServerClock, run: ServerRun, logger: Logger) {
        self.configuration = configuration
        self.group = group
        self.clock = clock
        self.run = run
        self.logger = logger
    }

    /// From now on `listener` is told, on an event loop, when a connection to a server is lost or cannot be made.
    func onLoss(_ listener: @escaping @Sendable (ServerAddress, RedisError) -> Void) { self.listener.withLock { $0 = listener } }

    /// The server at `address`: made, not started, where it was not known.
    func pool(at address: ServerAddress) -> NodePool {
        pools.withLock { pools in
            if let pool = pools[address] { return pool }
            let pool = NodePool(
                address, configuration: configuration, group: group, clock: clock, run: run, logger: logger
            ) { [weak self] error in self?.lost(address, error) }
            pools[address] = pool
            return pool
        }
    }

    /// All that are known.
    var all: [NodePool] { pools.withLock { Array($0.values) } }

    /// Forgets and stops all servers but these.
    func keep(only addresses: Set<ServerAddress>) async {
        for pool in forget(allBut: addresses) { await pool.stop() }
    }

    /// Forgets all servers but these; those forgotten are to be stopped.
    func forget(allBut addresses: Set<ServerAddress>) -> [NodePool] {
        pools.withLock { pools in
            let gone = pools.filter { !addresses.contains($0.key) }
            for address in gone.keys { pools[address] = nil }
            return Array(gone.values)
        }
    }

    private func lost(_ address: ServerAddress, _ error: RedisError) { listener.withLock { $0 }?(address, error) }
}
