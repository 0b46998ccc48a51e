import Fixtures
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Redis

/// A client of `configuration` on `loops` event loops, kept connected while `body` runs.
func withClient<Result: Sendable>(
    _ configuration: RedisConfiguration, loops: Int = 2,
    _ body: (RedisClient, MultiThreadedEventLoopGroup) async throws -> Result
) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    let client = RedisClient(configuration: configuration, group: group, logger: quiet)
    let running = Task { try await client.run() }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(client, group)) } catch { result = .failure(error) }
    running.cancel()
    _ = await running.result
    try await group.shutdownGracefully()
    return try result.get()
}

/// A client of a server.
func withClient<Result: Sendable>(
    of server: RedisServer, loops: Int = 2, timeout: Duration = .seconds(2),
    _ body: (RedisClient, MultiThreadedEventLoopGroup) async throws -> Result
) async throws -> Result {
    var configuration = try RedisConfiguration(url: server.url)
    configuration.commandTimeout = timeout
    return try await withClient(configuration, loops: loops, body)
}

/// Says nothing.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waits until `condition` holds; false when it does not within `limit`.
func eventually(within limit: Duration = .seconds(15), _ condition: @Sendable () async throws -> Bool) async rethrows -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while clock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}

/// How long `body` took.
func duration(_ body: () async throws -> Void) async rethrows -> Duration {
    try await ContinuousClock().measure { try await body() }
}

/// Runs tasks on one event loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension RedisClient {
    /// The error that a command ends in; nil when it has a reply.
    func failure(of arguments: [RedisArgument], timeout: Duration? = nil) async -> RedisError? {
        do {
            _ = try await send(arguments, timeout: timeout)
            return nil
        } catch { return error }
    }
}

extension Script {
    /// Runs it on `client`.
    func run(on client: RedisClient, keys: [String] = [], arguments: [RedisArgument] = []) async throws -> RedisValue {
        try await client.evaluate(self, keys: keys, arguments: arguments)
    }
}
