import Fixtures
import Foundation
import NIOCore
import ServerIdentity
import Testing

@testable import Redis

@Suite("users, databases, TLS")
struct AccessTests {
    @Test("a password opens the connection; a wrong one is named as such and shown nowhere")
    func password() async throws {
        let server = try await RedisServer.start(["--requirepass", "s3cret word/@:"])
        try await expectReady("redis://:s3cret%20word%2F%40%3A@127.0.0.1:\(server.port)")
        try await expectReady("redis://default:s3cret%20word%2f%40%3a@127.0.0.1:\(server.port)")
        try await expectRefused("redis://:wr0ngpass@127.0.0.1:\(server.port)", containing: "WRONGPASS", never: "wr0ngpass")
        try await expectRefused("redis://127.0.0.1:\(server.port)", containing: "NOAUTH", never: "s3cret")
    }

    @Test("an ACL user is itself; one without CLIENT still works; one that may not see ROLE is told so")
    func user() async throws {
        let server = try await RedisServer.start { directory in
            let file = directory + "/users.acl"
            try run([
                "sh", "-c",
                """
                printf 'user default off\\n\
                user gw on >pw-gw ~satgate:* &satgate:* -@all +auth +role +time +get +acl|whoami +select\\n\
                user blind on >pw-blind ~* -@all +auth +time +get\\n' > "$0"
                """, file,
            ])
            return ["--aclfile", file]
        }
        try await withClient(try RedisConfiguration(url: "redis://gw:pw-gw@127.0.0.1:\(server.port)/2"), loops: 1) { client, _ in
            try await client.ready(timeout: .seconds(5))
            #expect(try await client.send(["ACL", "WHOAMI"]).text == "gw")
            let foreign = await client.failure(of: ["GET", "other"])
            guard case .server(code: "NOPERM", _) = foreign else {
                Issue.record("\(String(describing: foreign))")
                return
            }
        }
        try await expectRefused("redis://gw:pw-other@127.0.0.1:\(server.port)", containing: "WRONGPASS", never: "pw-other")
        try await expectRefused("redis://blind:pw-blind@127.0.0.1:\(server.port)", containing: "role", never: "pw-blind")
    }

    @Test("the URL's database is the one used")
    func database() async throws {
        let server = try await RedisServer.start()
        try await withClient(try RedisConfiguration(url: server.url + "/3")) { client, _ in
            _ = try await client.send(["SET", "here", "yes"])
        }
        #expect(try server.cli("GET", "here", options: ["-n", "3"]) == "yes")
        #expect(try server.cli("GET", "here").isEmpty)
        try await expectRefused(server.url + "/99", containing: "out of range", never: "-")
    }

    @Test("TLS with the right authority works by name and by address, with and without a client's certificate")
    func tls() async throws {
        let (server, certificates) = try await secureServer(clients: "no")
        for host in ["127.0.0.1", "localhost"] {
            try await withClient(try secure(host, server, RedisTLS(authorities: certificates.authority))) { client, _ in
                try await client.ready(timeout: .seconds(5))
                let bytes = [UInt8](repeating: 7, count: 300_000)
                _ = try await client.send(["SET", "key", .bytes(bytes)])
                #expect(try await client.send(["GET", "key"]).bytes == bytes)
            }
        }
        let (strict, others) = try await secureServer(clients: "yes")
        let known = RedisTLS(authorities: others.authority, certificate: others.clientCertificate, key: others.clientKey)
        try await withClient(try secure("127.0.0.1", strict, known)) { client, _ in try await client.ready(timeout: .seconds(5)) }
        try await expectRefused(try secure("127.0.0.1", strict, RedisTLS(authorities: others.authority)))
    }

    @Test("TLS with another authority, another name, the system's authorities, or no TLS at the other end is refused")
    func untrusted() async throws {
        let (server, certificates) = try await secureServer(clients: "no")
        try await expectRefused(try secure("127.0.0.1", server, RedisTLS(authorities: certificates.otherAuthority)))
        try await expectRefused(try secure("127.0.0.1", server, RedisTLS()))
        let misnamed = RedisTLS(authorities: certificates.authority, serverName: "redis.example")
        try await expectRefused(try secure("127.0.0.1", server, misnamed))
        let (elsewhere, others) = try await secureServer(clients: "no", elsewhere: true)
        try await expectRefused(try secure("127.0.0.1", elsewhere, RedisTLS(authorities: others.authority)))
        try await expectRefused(try secure("localhost", elsewhere, RedisTLS(authorities: others.authority)))
        let right = RedisTLS(authorities: others.authority, serverName: "elsewhere.example")
        try await withClient(try secure("127.0.0.1", elsewhere, right)) { client, _ in try await client.ready(timeout: .seconds(5)) }
        let plain = try await RedisServer.start()
        try await expectRefused(try secure("127.0.0.1", plain, RedisTLS(authorities: certificates.authority)))
        try await expectRefused(RedisConfiguration(host: "127.0.0.1", port: server.port))
    }

    @Test("TLS files that cannot be read stop the start")
    func unreadable() {
        #expect(throws: RedisError.self) { try RedisSecrets(tls: RedisTLS(authorities: "/nonexistent/ca.crt")).load() }
        #expect(throws: RedisError.badTLS("a certificate needs its key, and a key its certificate")) {
            try RedisSecrets(tls: RedisTLS(certificate: "/nonexistent/client.crt")).load()
        }
    }

    @Test("a password in a file is read without its newline, again when it changed, and stays where it became unreadable")
    func passwordFile() async throws {
        let directory = try makeTemporaryDirectory("secrets")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/password"
        let secrets = RedisSecrets(.init(user: "gw", path: path))
        #expect(throws: RedisError.badSecret("cannot read the password file \(path)")) { try secrets.load() }
        try Data("pw-one\n".utf8).write(to: URL(filePath: path))
        try secrets.load()
        #expect(secrets.credentials == RedisCredentials(user: "gw", password: "pw-one"))
        try Data().write(to: URL(filePath: path))
        #expect(throws: RedisError.badSecret("the password file \(path) is empty, or is not UTF-8")) { try secrets.load() }
        #expect(secrets.credentials == RedisCredentials(user: "gw", password: "pw-one"))
        try Data("pw-two".utf8).write(to: URL(filePath: path))
        try secrets.load()
        #expect(secrets.credentials == RedisCredentials(user: "gw", password: "pw-two"))
    }

    @Test("a certificate's name covers a host by all its labels, a star by the first")
    func names() throws {
        let name = try #require(ServerName("redis.Example.com"))
        for pattern in ["redis.example.com", "REDIS.EXAMPLE.COM.", "*.example.com"] { #expect(name.matches(pattern)) }
        for pattern in ["example.com", "*.com", "*", "*.*.com", "r*.example.com", "a.redis.example.com", "*.redis.example.com", ""] {
            #expect(!name.matches(pattern))
        }
        #expect(try !#require(ServerName("example.com")).matches("*.com"))
        #expect(ServerName("127.0.0.1") == nil && ServerName("::1") == nil)
    }

    private func secureServer(clients: String, elsewhere: Bool = false) async throws -> (RedisServer, Certificates) {
        var made: Certificates?
        let server = try await RedisServer.start(tls: true) { directory in
            let certificates = try Certificates(in: directory)
            made = certificates
            return certificates.redisArguments(elsewhere: elsewhere, clients: clients)
        }
        return (server, try #require(made))
    }

    private func secure(_ host: String, _ server: RedisServer, _ tls: RedisTLS) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: "rediss://\(host):\(server.port)")
        configuration.secrets = configuration.secrets.with(tls)
        return configuration
    }

    private func expectReady(_ url: String) async throws {
        try await withClient(try RedisConfiguration(url: url), loops: 1) { client, _ in try await client.ready(timeout: .seconds(5)) }
    }

    private func expectRefused(_ url: String, containing reason: String, never secret: String) async throws {
        let configuration = try RedisConfiguration(url: url)
        try await withClient(configuration, loops: 1) { client, _ in
            let failure = await client.failure(of: ["GET", "x"], timeout: .milliseconds(400))
            #expect(failure?.label == "not_sent")
            let text = "\(String(describing: failure)) \(String(reflecting: failure))"
            #expect(text.contains(reason))
            #expect(!text.contains(secret) || secret == "-")
        }
    }

    private func expectRefused(_ configuration: RedisConfiguration, at location: SourceLocation = #_sourceLocation) async throws {
        try await withClient(configuration, loops: 1) { client, _ in
            let failure = await client.failure(of: ["GET", "x"], timeout: .milliseconds(400))
            #expect(failure?.label == "not_sent", sourceLocation: location)
        }
    }
}
