package import Events
import Governance
package import Logging
package import Redis

/// Sends events to Redis, where they are numbered, kept in the tenant's audit stream and published.
///
/// Delivery is at least once: after a lost reply a batch is sent again.
package final class RedisEventSink: EventSink {
    /// What waits, and how much was dropped.
    package let queue: EventQueue
    let metrics = EventMetrics()
    private let redis: RedisClient
    private let names: KeyNames
    private let scripts: StoreScripts
    private let logger: Logger
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    package init(
        redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, capacity: Int = 10_000, logger: Logger
    ) {
        self.redis = redis
        self.names = names
        self.scripts = scripts
        self.logger = logger
        queue = EventQueue(capacity: capacity)
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func publish(_ event: Event) {
        queue.append(event, at: redis.now())
        ring.yield()
    }

    /// Sends what is published until the task is cancelled; while Redis is away the events wait. To be run once.
    package func run() async {
        for await _ in bell {
            while await sendAll(while: { !Task.isCancelled }) == false, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(200))
            }
            if queue.count > 0 { ring.yield() }
        }
    }

    /// Sends what still waits, until nothing does or `limit` has passed; for the end, after `run` has returned.
    package func flush(within limit: Duration) async {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while queue.count > 0, clock.now < deadline {
            if await sendAll(while: { clock.now < deadline }) == false { try? await Task.sleep(for: .milliseconds(50)) }
        }
    }

    /// Sends what waits, the oldest first; false when some must be sent again. Where shards are kept apart the events of one that is out of reach
    /// keep those of no other waiting.
    private func sendAll(while goesOn: () -> Bool) async -> Bool {
        var away: Set<TenantName?> = []
        repeat {
            let (entries, numbers) = queue.batch(limit: 64, passing: away)
            guard let first = entries.first else { return away.isEmpty }
            let (keys, channel) = names.recording(of: first.event.tenant)
            if await send(entries, numbers, keys: keys, channel: channel) { continue }
            guard redis.isSharded else { return false }
            away.insert(first.event.tenant)
        } while goesOn()
        return false
    }

    private func send(_ entries: [EventQueue.Entry], _ numbers: [Int], keys: [String], channel: String) async -> Bool {
        do {
            let list = [.text(channel)] + entries.flatMap { $0.event.record(at: $0.time) }
            _ = try await redis.run(scripts.record, keys: keys, arguments: list, idempotent: false)
        } catch .unavailable {
            return false
        } catch {
            logger.error("events cannot be kept", metadata: ["count": "\(entries.count)", "error": "\(error)"])
            // A tenant's streams that are broken are the very thing to be told of.
            if keys.count > 1 { return await send(entries, numbers, keys: [names.audit], channel: channel) }
        }
        queue.remove(numbers)
        return true
    }
}
