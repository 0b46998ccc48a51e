import NIOCore
import NIOPosix

/// Finds a port of the loopback address that nobody listens on.
enum FreePort {
    /// Any free port below those that systems hand out to clients, so that no client takes it first.
    static func any(on group: any EventLoopGroup) async throws -> Int {
        for _ in 0..<100 {
            if let port = try? await probe(Int.random(in: 15_000..<32_768), group) { return port }
        }
        throw DemoFailure(reason: "no free port")
    }

    /// `port` where it is free, else any.
    static func preferring(_ port: Int, on group: any EventLoopGroup) async throws -> Int {
        do { return try await probe(port, group) } catch { return try await any(on: group) }
    }

    private static func probe(_ port: Int, _ group: any EventLoopGroup) async throws -> Int {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port).get()
        let found = channel.localAddress?.port
        try await channel.close()
        guard let found else { throw DemoFailure(reason: "no free port") }
        return found
    }
}
