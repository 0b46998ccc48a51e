import Fixtures
import Foundation
import Testing

@testable import Redis

@Suite("sentinels with users of their own, over TLS", .timeLimit(.minutes(1)))
struct SentinelAccessTests {
    @Test("nodes are known to Redis by one password and to its sentinel by another; a wrong one is shown nowhere")
    func both() async throws {
        let directory = try makeTemporaryDirectory("sentinel-access")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let certificates = try Certificates(in: directory)
        let redis = try await servers(certificates)
        let port = redis.ports[1]
        var configuration = try RedisConfiguration(url: "rediss+sentinel://:pw-redis@127.0.0.1:\(port)/mymaster")
        configuration.secrets = configuration.secrets.with(RedisTLS(authorities: certificates.authority))
        try write("pw-sentinel\n", to: directory + "/right")
        configuration.sentinelSecrets = RedisSecrets(.init(user: "gw", path: directory + "/right"))
        try await withClient(configuration, loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(15))
            #expect(try await client.send(["SET", "a", "b"]).text == "OK")
            let reports = try #require(await client.sentinelReports())
            #expect(reports.map(\.master) == [ServerAddress(host: "127.0.0.1", port: redis.ports[0])])
            #expect(reports.first?.silence == nil && reports.first?.quorum.hasPrefix("OK 1") == true)
        }
        try write("pw-wrong", to: directory + "/wrong")
        configuration.sentinelSecrets = RedisSecrets(.init(user: "gw", path: directory + "/wrong"))
        try await withClient(configuration, loops: 1) { client, _ in
            let failure = await client.failure(of: ["PING"], timeout: .seconds(2))
            #expect(failure == .notSent("no master is known: of 1 sentinels 0 answer, and 0 name the same master mymaster"))
            let silence = await client.sentinelReports()?.first?.silence ?? ""
            #expect(silence.contains("WRONGPASS") && !silence.contains("pw-wrong"))
        }
    }

    /// A master and a sentinel: TLS alone, a password each; the sentinel's user may do what the README says.
    private func servers(_ certificates: Certificates) async throws -> RedisInstances {
        let ports = try [LoopbackPorts.free(), LoopbackPorts.free()]
        let tls = certificates.redisArguments()
        return try await RedisInstances("secure", ports: ports) { number, own in
            if number == 0 {
                let listen = ["--port", "0", "--tls-port", String(ports[0]), "--dir", own, "--requirepass", "pw-redis"]
                return listen + RedisInstances.plain + tls
            }
            let lines = [
                "port 0", "tls-port \(ports[1])", "tls-replication yes", "bind 127.0.0.1", "dir \(own)",
                "user default off",
                "user gw on >pw-sentinel resetchannels &* -@all +auth +client|setname +ping +subscribe +sentinel|get-master-addr-by-name"
                    + " +sentinel|myid +sentinel|sentinels +sentinel|ckquorum",
                "sentinel monitor mymaster 127.0.0.1 \(ports[0]) 1", "sentinel auth-pass mymaster pw-redis",
                "sentinel down-after-milliseconds mymaster 1000",
            ]
            try write(lines.joined(separator: "\n") + "\n", to: own + "/sentinel.conf")
            return [own + "/sentinel.conf", "--sentinel"] + tls
        }
    }

    private func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }
}
