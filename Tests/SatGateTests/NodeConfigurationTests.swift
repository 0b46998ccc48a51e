import Foundation
import Gateway
import Redis
import ServerIdentity
import Testing
import Upstreams

@testable import satgate

@Suite struct NodeConfigurationTests {
    private static let required = ["SATGATE_TENANTS_FILE": "t", "SATGATE_KEYS_FILE": "k"]

    private func egress(_ environment: [String: String], yaml: String? = nil) async throws -> EgressPolicy {
        var file: String?
        if let yaml {
            let url = FileManager.default.temporaryDirectory.appending(path: "satgate-\(UUID().uuidString).yaml")
            try Data(yaml.utf8).write(to: url)
            file = url.path()
        }
        defer { if let file { try? FileManager.default.removeItem(atPath: file) } }
        return try await NodeConfiguration(file: file, environment: Self.required.merging(environment) { $1 }).egress
    }

    @Test("upstreams may be at public addresses only, unless the operator says more, in the environment or in the file")
    func egress() async throws {
        let networks = try ["10.1.0.0/16", "fd00:1::/32"].map { try #require(IPNetwork($0)) }
        let none = try await egress([:])
        #expect(none == EgressPolicy())
        let variables = try await egress([
            "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", "SATGATE_UPSTREAMS_ALLOW_NETWORKS": "10.1.0.0/16, fd00:1::/32",
        ])
        #expect(variables == EgressPolicy(allowsPrivateNetworks: true, allowedNetworks: networks))
        let file = try await egress(
            [:], yaml: "upstreams:\n  allow_private_networks: true\n  allow_networks: [10.1.0.0/16, \"fd00:1::/32\"]\n")
        #expect(file == EgressPolicy(allowsPrivateNetworks: true, allowedNetworks: networks))
    }

    @Test("a node takes as long to stop as it is told, and no settings leave it no time for it")
    func drain() async throws {
        func drain(_ announce: String, _ grace: String) async throws -> DrainTerms {
            let told = ["SATGATE_DRAIN_ANNOUNCE": announce, "SATGATE_DRAIN_GRACE": grace].filter { !$0.value.isEmpty }
            return try await NodeConfiguration(file: nil, environment: Self.required.merging(told) { $1 }).drain
        }
        let usual = try await drain("", "")
        #expect((usual.announce, usual.grace) == (5000, 60_000))
        let told = try await drain("0", "1000")
        #expect((told.announce, told.grace) == (0, 1000))
        for (announce, grace) in [("60000", ""), ("", "5000"), ("-1", ""), ("", "999"), ("soon", "")] {
            await #expect(throws: (any Error).self) { _ = try await drain(announce, grace) }
        }
    }

    @Test(
        "a value that could be misread stops the start",
        arguments: [
            ("SATGATE_UPSTREAMS_ALLOW_NETWORKS", "10.1.0.1/16"), ("SATGATE_UPSTREAMS_ALLOW_NETWORKS", "10.1.0.0/16,all"),
            ("SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS", "perhaps"),
        ])
    func misread(_ variable: String, _ value: String) async {
        await #expect(throws: (any Error).self) { _ = try await egress([variable: value]) }
    }

    private func redis(_ environment: [String: String]) async throws -> RedisSettings {
        try await NodeConfiguration(file: nil, environment: Self.required.merging(environment) { $1 }).redis
    }

    @Test("the password of Redis may stand in a file, what its TLS needs in others")
    func redisSecrets() async throws {
        let settings = try await redis([
            "SATGATE_REDIS_URL": "rediss://h", "SATGATE_REDIS_USERNAME": "gw", "SATGATE_REDIS_PASSWORD_FILE": "/p",
            "SATGATE_REDIS_TLS_CA_FILE": "/ca", "SATGATE_REDIS_TLS_CERTIFICATE_FILE": "/c", "SATGATE_REDIS_TLS_KEY_FILE": "/k",
            "SATGATE_REDIS_TLS_SERVER_NAME": "redis.example",
        ])
        let secrets = try settings.client().secrets
        #expect(!secrets.isAnonymous)
        #expect(secrets.tls == RedisTLS(authorities: "/ca", certificate: "/c", key: "/k", serverName: "redis.example"))
    }

    @Test("sentinels may know the node by another user, over the same TLS")
    func sentinelSecrets() async throws {
        let settings = try await redis([
            "SATGATE_REDIS_URL": "rediss+sentinel://:pw@h/mymaster", "SATGATE_REDIS_SENTINEL_USERNAME": "gw",
            "SATGATE_REDIS_SENTINEL_PASSWORD_FILE": "/p", "SATGATE_REDIS_TLS_CA_FILE": "/ca",
        ])
        #expect(try settings.client().sentinelSecrets?.isAnonymous == false)
        let nobody = try await redis(["SATGATE_REDIS_URL": "redis+sentinel://:pw@h/mymaster"])
        #expect(try nobody.client().sentinelSecrets == nil)
    }

    @Test(
        "settings of Redis that contradict each other stop the start",
        arguments: [
            ["SATGATE_REDIS_URL": "redis://h", "SATGATE_REDIS_TLS_CA_FILE": "/ca"], ["SATGATE_REDIS_USERNAME": "gw"],
            ["SATGATE_REDIS_URL": "redis://:pw@h", "SATGATE_REDIS_PASSWORD_FILE": "/p"],
            ["SATGATE_REDIS_URL": "redis://h", "SATGATE_REDIS_SENTINEL_PASSWORD_FILE": "/p"],
            ["SATGATE_REDIS_URL": "redis+sentinel://h/m", "SATGATE_REDIS_SENTINEL_USERNAME": "gw"],
        ])
    func contradictions(_ environment: [String: String]) async throws {
        let settings = try await redis(environment)
        #expect(throws: BadValue.self) { try settings.client() }
    }

    private func configuration(_ environment: [String: String]) async throws -> NodeConfiguration {
        try await NodeConfiguration(file: nil, environment: Self.required.merging(environment) { $1 })
    }

    @Test("ports are plain unless they are given a certificate, and ask for one of clients only where authorities are named")
    func tls() async throws {
        let plain = try await configuration([:])
        #expect(plain.tls == nil && plain.adminTLS == nil)
        let pair = ["SATGATE_LISTEN_TLS_CERTIFICATE_FILE": "/c", "SATGATE_LISTEN_TLS_KEY_FILE": "/k"]
        #expect(try await configuration(pair).tls == PortTLS(certificate: "/c", key: "/k"))
        let asking = pair.merging([
            "SATGATE_LISTEN_TLS_CLIENT_CA_FILE": "/ca", "SATGATE_LISTEN_TLS_CLIENT_CERTIFICATES": "optional",
        ]) { $1 }
        #expect(try await configuration(asking).tls == PortTLS(certificate: "/c", key: "/k", clientAuthorities: "/ca", clients: .optional))
        let operators = try await configuration(["SATGATE_ADMIN_TLS_CERTIFICATE_FILE": "/c", "SATGATE_ADMIN_TLS_KEY_FILE": "/k"])
        #expect(operators.tls == nil && operators.adminTLS == PortTLS(certificate: "/c", key: "/k"))
    }

    @Test(
        "half a certificate, and limits that would shut everybody out, stop the start",
        arguments: [
            ["LISTEN_TLS_CERTIFICATE_FILE": "/c"], ["LISTEN_TLS_KEY_FILE": "/k"], ["ADMIN_TLS_CLIENT_CA_FILE": "/ca"],
            ["ADMIN_TLS_CERTIFICATE_FILE": "/c", "ADMIN_TLS_KEY_FILE": "/k", "ADMIN_TLS_CLIENT_CERTIFICATES": "optional"],
            [
                "LISTEN_TLS_CERTIFICATE_FILE": "/c", "LISTEN_TLS_KEY_FILE": "/k", "LISTEN_TLS_CLIENT_CA_FILE": "/ca",
                "LISTEN_TLS_CLIENT_CERTIFICATES": "perhaps",
            ],
            ["LIMITS_CONNECTIONS": "0"], ["LIMITS_CONNECTIONS_PER_ADDRESS": "0"], ["LIMITS_HEAD_TIME": "0"], ["LIMITS_REQUESTS": "-1"],
        ])
    func badEdge(_ settings: [String: String]) async {
        let environment = Dictionary(uniqueKeysWithValues: settings.map { ("SATGATE_\($0)", $1) })
        await #expect(throws: BadValue.self) { _ = try await configuration(environment) }
    }
}
