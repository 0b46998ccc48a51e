import Events
import Gateway
import Governance
import Logging
import NIOPosix
import Redis
import Store
import Synchronization

/// What of a node talks to the others through Redis, by the node's own code: its connections, heartbeats, facts, bus and events.
struct SimulatedNode: Sendable {
    let number: Int
    let id = NodeID()
    let bus: RedisNodeBus
    let events: RedisEventSink
    let live: LiveNodes
    private let client: RedisClient
    private let names: KeyNames
    private let tally: Tally
    private let ear: Ear

    init(_ number: Int, _ plan: Plan, on group: MultiThreadedEventLoopGroup, _ tally: Tally) throws {
        guard let names = KeyNames(prefix: plan.prefix) else { throw Mistake("prefix") }
        var configuration = try RedisConfiguration(url: plan.redis)
        // A thousand nodes share the processors that each would have to itself.
        configuration.commandTimeout = .seconds(20)
        configuration.connectTimeout = .seconds(20)
        self.number = number
        self.names = names
        self.tally = tally
        client = RedisClient(configuration: configuration, group: group, logger: quiet)
        bus = RedisNodeBus(client, names: names)
        events = RedisEventSink(redis: client, names: names, logger: quiet)
        live = LiveNodes(
            node: id, registry: CountingRegistry(registry: RedisNodeRegistry(redis: client, names: names), tally: tally), logger: quiet)
        ear = Ear(number, subscriptions: plan.subscriptions, tally)
    }

    /// Hears what is for it.
    var isListening: Bool { ear.isListening }

    /// Lives until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await client.run() }
            try await client.ready(timeout: .seconds(60))
            tasks.addTask { try await bus.run(as: id, receiver: ear) }
            tasks.addTask { try await live.run() }
            tasks.addTask { await events.run() }
            tasks.addTask { await tellFacts() }
            try await tasks.waitForAll()
        }
    }

    /// Watches all events, as a node does while somebody has its dashboard open; until cancelled.
    func watch(onReady: @escaping @Sendable () -> Void) async throws {
        try await RedisEventBroadcast(client, names: names).listen(onReady: onReady) { [tally] record in
            tally.count {
                $0.watched += 1
                $0.watchedBytes += record.text.count
            }
        }
    }

    private func tellFacts() async {
        let monitor = RedisNodeMonitor(redis: client, names: names)
        let facts = NodeFacts(host: "simulated-\(number)", version: "0", started: 0, streams: 0, calls: 0, memory: 0)
        while !Task.isCancelled {
            do {
                try await monitor.tell(facts, of: id)
                tally.count { $0.facts += 1 }
            } catch { tally.failed(error) }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}

/// Counts heartbeats.
private struct CountingRegistry: NodeRegistry {
    let registry: RedisNodeRegistry
    let tally: Tally

    func beat(_ node: NodeID) async throws(StoreError) -> [NodeID] {
        let nodes = try await registry.beat(node)
        tally.count { $0.beats += 1 }
        return nodes
    }

    func leave(_ node: NodeID) async throws(StoreError) { try await registry.leave(node) }
}

/// Says nothing.
let quiet = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

/// What cannot be played.
struct Mistake: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
