import Fixtures
import Governance
import Logging
import NIOCore
import NIOPosix
import Redis
import Store

/// A Redis of its own with a client that stays connected to it.
struct PrivateRedis {
    let server: RedisServer
    let client: RedisClient

    /// Runs `body` against a new server and ends everything after it.
    static func run(_ arguments: [String] = [], _ body: (PrivateRedis) async throws -> Void) async throws {
        let server = try await RedisServer.start(arguments)
        try await withClient(at: server.url) { try await body(PrivateRedis(server: server, client: $0)) }
    }
}

/// Runs `body` with a client that stays connected to what is at `url`, and ends it after it; `within`: how long it may take to connect.
func withClient(
    at url: String, within limit: Duration = .seconds(10), _ body: (RedisClient) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = RedisClient(configuration: try RedisConfiguration(url: url), group: group, logger: quiet)
    let running = Task { try await client.run() }
    let result: Result<Void, any Error>
    do {
        try await client.ready(timeout: limit)
        result = .success(try await body(client))
    } catch { result = .failure(error) }
    running.cancel()
    _ = await running.result
    try await group.shutdownGracefully()
    try result.get()
}

/// The Redis of this test process, one of each topology, started when a test first asks for it; tests keep apart by their tenants' names.
enum SharedRedis {
    private struct Shared: Sendable {
        /// Runs as long as somebody holds it.
        let server: any Sendable
        let client: RedisClient
        let running: Task<Void, any Error>

        init(_ server: any Sendable, _ url: String) async throws {
            self.server = server
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
            let client = RedisClient(configuration: try RedisConfiguration(url: url), group: group, logger: quiet)
            self.client = client
            running = Task { try await client.run() }
            try await client.ready(timeout: .seconds(15))
        }
    }

    private static let single = Task {
        let server = try await RedisServer.start()
        return try await Shared(server, server.url)
    }
    private static let sentinels = Task {
        let redis = try await RedisSentinels()
        return try await Shared(redis, redis.url)
    }
    private static let cluster = Task {
        let redis = try await RedisCluster()
        return try await Shared(redis, redis.url)
    }

    /// Of the topology that most tests run on.
    static var client: RedisClient { get async throws { try await client(of: .chosen) } }

    static func client(of topology: RedisTopology) async throws -> RedisClient {
        let starting =
            switch topology {
            case .single: single
            case .sentinels: sentinels
            case .cluster: cluster
            }
        return try await starting.value.client
    }
}

/// Says nothing.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension RedisClient {
    /// Unix milliseconds on the server's clock, asked now.
    func serverTime() async throws -> Int64 {
        let time = try await send(["TIME"]).elements ?? []
        return (time.first?.number ?? 0) * 1_000 + (time.last?.number ?? 0) / 1_000
    }

    /// Returns when a lease that ended now is over.
    func outliveNow() async throws {
        let start = try await serverTime()
        while try await serverTime() <= start { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// The JSON texts of a stream, oldest first.
    func events(in stream: String) async throws -> [(id: String, json: String)] {
        let entries = try await send(["XRANGE", .text(stream), "-", "+"]).elements ?? []
        return entries.map { entry in
            (entry.elements?[0].text ?? "", entry.elements?[1].elements?[1].text ?? "")
        }
    }
}

extension TenantName {
    /// A name no other test has.
    static func fresh() throws -> TenantName {
        guard let name = TenantName("t" + CallID().text.prefix(12)) else { throw FixtureError("tenant name") }
        return name
    }
}

/// Waits until `condition` holds; false when it does not within `limit`.
func eventually(within limit: Duration = .seconds(15), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while clock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
