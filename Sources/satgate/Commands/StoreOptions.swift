import ArgumentParser
import Configuration
import Foundation
import Governance
import Logging
import NIOCore
import NIOPosix
import Redis
import Store
import TimeZones

/// Where a command finds the Redis of the nodes: the same settings as theirs.
struct StoreOptions: ParsableArguments {
    @Option(help: "A YAML file of settings, as for serve; SATGATE_REDIS_URL and so on go before it.")
    var config: String?

    /// What a command works with.
    struct Connection {
        let redis: RedisClient
        let names: KeyNames
    }

    /// Runs `body` while connected. What fails is told on standard error: exit 78 for a bad setting, 69 where Redis is out of reach, else 1.
    /// `progress` shows there that it is under way; nil shows nothing.
    func connected(_ progress: Progress? = Progress(), _ body: (Connection) async throws -> Void) async throws {
        progress?.begin()
        defer { progress?.end() }
        let settings: RedisConfiguration
        let names: KeyNames
        do {
            let redis = try await RedisSettings(try await reader())
            (settings, names) = (try redis.client(), try redis.names())
        } catch { throw failure("\(error)", code: 78) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = RedisClient(configuration: settings, group: group, logger: Logger(label: "satgate", level: .critical))
        let running = Task { try await client.run() }
        let result: Result<Void, any Error>
        do {
            try await client.ready(timeout: settings.commandTimeout)
            result = .success(try await body(Connection(redis: client, names: names)))
        } catch {
            progress?.end()
            result = .failure(translated(error))
        }
        progress?.end()
        running.cancel()
        _ = await running.result
        try? await group.shutdownGracefully()
        try result.get()
    }

    /// The zone database of the settings.
    func zones() async throws -> ZoneDatabase {
        do { return ZoneDatabase(directory: try await reader().zones()) } catch { throw failure("\(error)", code: 78) }
    }

    private func reader() async throws -> ConfigReader {
        try await ConfigReader(settingsIn: config, environment: ProcessInfo.processInfo.environment)
    }

    private func translated(_ error: any Error) -> any Error {
        switch error {
        case let error as ExitCode: error
        case StoreError.unavailable(let reason): failure("Redis is out of reach: \(reason)", code: 69)
        case StoreError.corrupt(let reason): failure(reason, code: 1)
        case let error as RedisError: failure("Redis is out of reach: \(error)", code: 69)
        default: failure("\(error)", code: 1)
        }
    }

    private func failure(_ text: String, code: Int32) -> ExitCode {
        FileHandle.standardError.write(Data("satgate: \(text)\n".utf8))
        return ExitCode(code)
    }
}
