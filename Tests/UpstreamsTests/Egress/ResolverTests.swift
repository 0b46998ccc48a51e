import Glibc
import Governance
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Upstreams

@Suite("Names of upstreams")
struct ResolverTests {
    private let tenant = TenantName("acme")

    /// Sends one request to that host and port from a lane of its own for each call; answers the failures, nil where there was none.
    private func outcomes(
        _ hosts: [String], port: Int, _ policy: EgressPolicy, _ lookup: NameLookup = NameLookup()
    ) async throws -> [HTTPFailure?] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let lane = Lane(group.next(), connector: try Connector(limits: PoolLimits(), policy: policy, lookup: lookup))
        let tenant = try #require(tenant)
        let found = await Task(executorPreference: lane.executor) {
            var found: [HTTPFailure?] = []
            for host in hosts {
                let destination = Destination(origin: Origin(isSecure: false, host: host, port: port), tenant: tenant, tls: .system)
                do throws(HTTPFailure) {
                    let request = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    let exchange = try await lane.send(request, to: destination, before: .now() + .seconds(15), resend: .ifUnsent)
                    while try await exchange.nextPiece() != nil {}
                    found.append(nil)
                } catch {
                    found.append(error)
                }
            }
            return found
        }.value
        try await group.shutdownGracefully()
        return found
    }

    /// A server that closes after each answer.
    private func withServer(_ body: (ScriptedServer, Int) async throws -> Void) async throws {
        try await ScriptedServer.run({ _ in [.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"), .close] }) { server, url in
            try await body(server, try #require(Location(url)).origin.port)
        }
    }

    @Test("a name whose second answer is another address is refused at that connection")
    func rebinding() async throws {
        try await withServer { server, port in
            let answers = Mutex(["127.0.0.1", "127.0.0.2", "127.0.0.1"])
            let lookup = NameLookup { _, port in
                let next = answers.withLock { $0.removeFirst() }
                return (try? SocketAddress(ipAddress: next, port: port)).map { [$0] } ?? []
            }
            let policy = EgressPolicy(allowedNetworks: [try #require(IPNetwork("127.0.0.1"))])
            let outcomes = try await outcomes(["flip.example", "flip.example", "flip.example"], port: port, policy, lookup)
            #expect(outcomes == [nil, .unsent(.forbidden), nil])
            #expect(server.connections == 2)
        }
    }

    @Test("of several addresses only the allowed ones are tried")
    func mixed() async throws {
        try await withServer { server, port in
            let lookup = NameLookup { _, port in
                ["::1", "127.0.0.2", "127.0.0.1"].compactMap { try? SocketAddress(ipAddress: $0, port: port) }
            }
            let policy = EgressPolicy(allowedNetworks: [try #require(IPNetwork("127.0.0.1"))])
            #expect(try await outcomes(["mixed.example"], port: port, policy, lookup) == [nil])
            #expect(server.connections == 1)
        }
    }

    @Test("no spelling of a loopback or metadata address is connected to")
    func spellings() async throws {
        try await withServer { server, port in
            let hosts = [
                "127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", "0", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1",
                "::ffff:7f00:1", "::127.0.0.1", "localhost", "169.254.169.254", "2852039166", "::ffff:169.254.169.254", "fe80::1",
            ]
            let outcomes = try await outcomes(hosts, port: port, EgressPolicy())
            for (host, outcome) in zip(hosts, outcomes) { #expect(outcome == .unsent(.forbidden), "\(host)") }
            #expect(server.connections == 0)
        }
    }

    @Test("with private networks open the spellings of loopback work, those of metadata do not")
    func opened() async throws {
        try await withServer { server, port in
            let hosts = ["127.0.0.1", "2130706433", "0x7f.1", "::ffff:127.0.0.1", "0.0.0.0", "::", "169.254.169.254"]
            let outcomes = try await outcomes(hosts, port: port, EgressPolicy(allowsPrivateNetworks: true))
            #expect(outcomes == [nil, nil, nil, nil, .unsent(.forbidden), .unsent(.forbidden), .unsent(.forbidden)])
            #expect(server.connections == 4)
        }
    }

    @Test("a name without an address is not resolved")
    func unknown() async throws {
        let lookup = NameLookup { _, _ in [] }
        #expect(try await outcomes(["nowhere.example"], port: 80, EgressPolicy(), lookup) == [.unsent(.notResolved)])
    }

    @Test("a lookup that does not end is over at the deadline of connecting, and keeps no other name waiting")
    func hanging() async throws {
        let release = Mutex(false)
        let lookup = NameLookup { host, port in
            while host == "slow.example", !release.withLock({ $0 }) { usleep(1000) }
            return (try? SocketAddress(ipAddress: "127.0.0.1", port: port)).map { [$0] } ?? []
        }
        defer { release.withLock { $0 = true } }
        try await withServer { _, port in
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            var limits = PoolLimits()
            limits.connect = .milliseconds(200)
            let lane = Lane(
                group.next(), connector: try Connector(limits: limits, policy: .init(allowsPrivateNetworks: true), lookup: lookup))
            let tenant = try #require(tenant)
            let outcomes = await withTaskGroup(of: HTTPFailure?.self) { tasks in
                for host in Array(repeating: "slow.example", count: 20) + ["quick.example"] {
                    tasks.addTask(executorPreference: lane.executor) {
                        let destination = Destination(origin: Origin(isSecure: false, host: host, port: port), tenant: tenant, tls: .system)
                        let request = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                        do throws(HTTPFailure) {
                            _ = try await lane.send(request, to: destination, before: .now() + .seconds(15), resend: .ifUnsent)
                            return nil
                        } catch { return error }
                    }
                }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == nil } == 1)
            #expect(outcomes.count { $0 == .unsent(.connectTimeout) } == 20)
            release.withLock { $0 = true }
            try await group.shutdownGracefully()
        }
    }
}
