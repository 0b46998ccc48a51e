package import Logging
import Metrics
import NIOCore
package import NIOPosix

/// Redis, whatever its topology: one pipelined connection for each event loop and server, one retry loop.
///
/// A caller on one of the group's loops stays on it. Cancelling a caller's task does not take its command back: it ends by its deadline.
package final class RedisClient: Sendable {
    let configuration: RedisConfiguration
    let loops: [any EventLoop]
    let logger: Logger
    let topology: any Topology
    private let secrets: [RedisSecrets]
    /// What a command may take that says nothing of it.
    private let usualTimeout: TimeAmount
    private let clock = ServerClock()
    private let run = ServerRun()
    private let pending = Meter(label: "satgate_redis_commands_pending")

    package init(configuration: RedisConfiguration, group: MultiThreadedEventLoopGroup, logger: Logger) {
        var logger = logger
        logger[metadataKey: "redis"] = "\(configuration)"
        let configuration = configuration.adapted
        self.configuration = configuration
        usualTimeout = TimeAmount(configuration.commandTimeout)
        self.logger = logger
        self.loops = Array(group.makeIterator())
        let pools = NodePools(configuration: configuration, group: group, clock: clock, run: run, logger: logger)
        switch configuration.place {
        case .single(let address):
            topology = SingleNode(address, pools)
            secrets = [configuration.secrets]
        case .sentinels(let addresses, let master):
            let ofSentinels = configuration.ofSentinels
            topology = SentinelTopology(
                addresses, master: master, configuration: ofSentinels, pools: pools, run: run, loop: loops[0], logger: logger)
            secrets = [configuration.secrets, ofSentinels.secrets]
        case .cluster(let seeds):
            topology = ClusterTopology(
                seeds, pools, configuration: configuration, loop: group.next(), clock: clock, run: run, logger: logger)
            secrets = [configuration.secrets]
        }
    }

    /// Connects, and keeps connected until cancelled; then whatever waits fails. Throws where the files of its secrets cannot be used at first;
    /// later it goes on with what it has.
    package func run() async throws {
        for secrets in secrets { try secrets.load() }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await self.topology.run() }
            if secrets.contains(where: \.canChange) { tasks.addTask { await self.renewSecrets() } }
            try await tasks.waitForAll()
        }
    }

    private func renewSecrets() async {
        while (try? await Task.sleep(for: Self.renewal)) != nil {
            for secrets in secrets { do throws(RedisError) { try secrets.load() } catch { logger.warning("\(error)") } }
        }
    }

    /// How often the files of secrets are read again.
    private static let renewal: Duration = .seconds(5)

    /// True when a command could be sent at once from every loop.
    package var isReady: Bool { topology.isReady }

    /// Waits until Redis has answered on every loop's connection; throws why it has not after `timeout`.
    package func ready(timeout: Duration) async throws(RedisError) {
        try await topology.ready(by: .now() + TimeAmount(timeout))
    }

    /// Looks how many commands wait, and sets the metric that tells it.
    package func sample() async { pending.set(await topology.pending()) }

    /// Unix milliseconds by Redis' clock, as of a look at it at most about ten seconds ago; by our own until the first.
    package func now() -> Int64 { clock.milliseconds }

    /// A value each time that a connection leads to another run of a server than the last (a restart, a failover), or that Redis does not
    /// say which; several may come as one.
    package func newServers() -> AsyncStream<Void> { run.changes() }

    /// Sends a command and answers its reply; an error reply is thrown. `timeout` bounds all attempts together.
    ///
    /// Only an idempotent command is repeated when it is unknown whether it ran.
    package func send(
        _ arguments: [RedisArgument], timeout: Duration? = nil, idempotent: Bool = false
    ) async throws(RedisError) -> RedisValue {
        let request = Request(slot: try CommandKeys.slot(of: arguments), idempotent: idempotent, deadline: deadline(timeout))
        return try await attempt(EncodedCommand(arguments), request).value
    }

    /// Runs a script by its digest, or by its source where the server does not know it. All keys must be in one slot.
    package func evaluate(
        _ script: Script, keys: [String], arguments: [RedisArgument], timeout: Duration? = nil, idempotent: Bool = false
    ) async throws(RedisError) -> RedisValue {
        let request = Request(slot: try HashSlot.common(of: keys), idempotent: idempotent, deadline: deadline(timeout))
        let count = RedisArgument.integer(Int64(keys.count))
        do throws(RedisError) {
            return try await attempt(EncodedCommand(["EVALSHA", .text(script.sha1), count], keys: keys, arguments), request).value
        } catch {
            guard case .server("NOSCRIPT", _) = error else { throw error }
            return try await attempt(EncodedCommand(["EVAL", .bytes(script.source), count], keys: keys, arguments), request).value
        }
    }
}

extension RedisClient {
    /// Runs a script by its digest, or by its source where the server does not know it. All keys must be in one slot.
    package func evaluate(
        _ command: borrowing ScriptCommand, timeout: Duration? = nil, idempotent: Bool = false
    ) async throws(RedisError) -> RedisReply {
        let request = Request(slot: try command.slot(), idempotent: idempotent, deadline: deadline(timeout))
        do throws(RedisError) {
            return try await attempt(command.byDigest, request)
        } catch {
            guard case .server("NOSCRIPT", _) = error else { throw error }
            return try await attempt(command.bySource, request)
        }
    }

    /// Runs a script likewise, over a connection on which one WAIT follows each batch: answers also how many replicas have what it wrote.
    ///
    /// Fewer than `durable` asks for are no failure here. The time for replicas, of a batch ahead too, is added to `timeout`.
    package func evaluate(
        _ command: borrowing ScriptCommand, durable: Durable, timeout: Duration? = nil, idempotent: Bool = false
    ) async throws(RedisError) -> Acknowledged {
        let deadline = deadline(timeout) + .milliseconds(2 * durable.timeout)
        let request = Request(slot: try command.slot(), idempotent: idempotent, deadline: deadline)
        do throws(RedisError) {
            return try await attempt(command.byDigest, durable, request)
        } catch {
            guard case .server("NOSCRIPT", _) = error else { throw error }
            return try await attempt(command.bySource, durable, request)
        }
    }
}

// MARK: The retry loop

extension RedisClient {
    /// The most attempts at one command, however short its failures.
    private static let attempts = 32
    /// The most redirections in a row that are followed at once.
    private static let hops = 5

    private struct Request {
        let slot: HashSlot?
        let idempotent: Bool
        let deadline: NIODeadline
    }

    private func deadline(_ timeout: Duration?) -> NIODeadline { .now() + (timeout.map { TimeAmount($0) } ?? usualTimeout) }

    /// The usual way in one frame: at a server that is known, on the caller's loop, without a failure.
    @inline(__always)
    private func attempt(_ command: EncodedCommand, _ request: Request) async throws(RedisError) -> RedisReply {
        if let pool = topology.known(for: request.slot), let result = await pool.reply(to: command, deadline: request.deadline) {
            switch result {
            case .success(let reply): return reply
            case .failure(let failure): return try await persist(command, request, after: (pool, failure))
            }
        }
        return try await persist(command, request, after: nil)
    }

    @inline(never)
    private func persist(
        _ command: EncodedCommand, _ request: Request, after failed: (pool: NodePool, error: RedisError)?
    ) async throws(RedisError) -> RedisReply {
        try await attempt(request, after: failed) { (pool, asking) async throws(RedisError) in
            try await pool.send(command, asking: asking, deadline: request.deadline)
        }
    }

    private func attempt(_ command: EncodedCommand, _ durable: Durable, _ request: Request) async throws(RedisError) -> Acknowledged {
        try await attempt(request, after: nil) { (pool, asking) async throws(RedisError) in
            try await pool.send(command, asking: asking, durable: durable, deadline: request.deadline)
        }
    }

    /// `failed`: what came of a first attempt.
    @inline(__always)
    private func attempt<Reply>(
        _ request: Request, after failed: (pool: NodePool, error: RedisError)?,
        by send: (NodePool, _ asking: Bool) async throws(RedisError) -> Reply
    ) async throws(RedisError) -> Reply {
        var failed = failed
        var failures = 0
        var hops = 0
        var redirected: (pool: NodePool, asking: Bool)?
        while true {
            let failure: RedisError
            let pool: NodePool
            if let first = failed {
                (pool, failure) = first
                failed = nil
            } else {
                if let redirected {
                    pool = redirected.pool
                } else {
                    pool = try await topology.pool(for: request.slot, by: request.deadline)
                }
                do throws(RedisError) { return try await send(pool, redirected?.asking ?? false) } catch { failure = error }
            }
            failures += 1
            redirected = nil
            guard failures < Self.attempts, request.idempotent || !failure.mayHaveRun else { throw failure }
            switch await topology.learn(from: failure, at: pool, for: request.slot) {
            case .final: throw failure
            case .redirected(let pool, let asking) where hops < Self.hops:
                hops += 1
                redirected = (pool, asking)
            case .again, .redirected:
                hops = 0
                guard await pause(after: failures, before: request.deadline) else { throw failure }
            }
        }
    }

    /// Waits before another attempt; false where that would be too late.
    private func pause(after failures: Int, before deadline: NIODeadline) async -> Bool {
        var random = SystemRandomNumberGenerator()
        let pause = TimeAmount(Backoff.retry.delay(after: failures, using: &random))
        guard NIODeadline.now() + pause < deadline else { return false }
        await rest(pause)
        return true
    }

    /// Waits; unlike `Task.sleep` also in a cancelled task, whose command must still come to its end.
    private func rest(_ time: TimeAmount) async {
        let loop = MultiThreadedEventLoopGroup.currentEventLoop ?? loops[0]
        await withCheckedContinuation { continuation in
            _ = loop.scheduleTask(in: time) { continuation.resume() }
        }
    }
}
