import ArgumentParser
import Fixtures
import Governance
import Logging
import MCPWire
import NIOCore
import NIOPosix
import Redis
import Store
import Testing
import Upstreams

@testable import satgate

@Suite("Upstreams on the command line", .timeLimit(.minutes(1)))
struct UpstreamsCommandTests {
    @Test("upstreams are listed with what is wrong with them, until their tools are approved")
    func listAndApprove() async throws {
        try await Self.withRedis { connection in
            let tenant = try #require(TenantName("acme"))
            _ = try await connection.redis.send(["SADD", .text(connection.names.tenants), "acme", "empty"])
            let catalogue = connection.catalogue
            let fence = try #require(try await catalogue.care(for: tenant, by: Self.node, lease: 60_000).fence)
            for (name, record) in try Self.records() {
                #expect(try await catalogue.write(record, of: name, tenant: tenant, fence: fence, isVisible: true))
            }
            #expect(
                try await UpstreamsListCommand.parse([]).output(connection) == """
                    TENANT  UPSTREAM  STANDING  SINCE                 TRANSPORT        REVISION    TOOLS  LATENCY  NODE              SERVER
                    acme    dead      down      2027-01-15T08:00:00Z  -                -           0      -        00000000000000aa  -
                        down: connection refused
                    acme    files     up        2027-01-15T08:00:00Z  streamable-http  2025-11-25  2      12 ms    00000000000000aa  Files 1.0
                        changed since approval: read
                        last failure 2027-01-15T07:59:59Z: timeout

                    """)
            #expect(try await UpstreamsListCommand.parse(["--tenant", "empty"]).output(connection) == "")
            #expect(try await UpstreamsListCommand.parse(["--tenant", "empty", "--json"]).output(connection) == "[]\n")
            let json = try await UpstreamsListCommand.parse(["--tenant", "acme", "--json"]).output(connection)
            #expect(json.contains(#""changedTools":["read"]"#) && json.contains(#""standing":"down""#))
            let approve = try UpstreamsApproveCommand.parse(["acme", "files", "read"])
            #expect(try await approve.output(connection) == "read of files approved\n")
            #expect(try await UpstreamsListCommand.parse(["--json"]).output(connection).contains(#""changedTools":[],"#))
            for unknown in [["acme", "files", "gone"], ["acme", "gone"], ["other", "files"]] {
                await #expect(throws: (any Error).self) { try await UpstreamsApproveCommand.parse(unknown).output(connection) }
            }
        }
    }

    @Test("names that break their rule are wrong usage")
    func names() {
        #expect(throws: (any Error).self) { try UpstreamsListCommand.parse(["--tenant", "{a}"]) }
        #expect(throws: (any Error).self) { try UpstreamsApproveCommand.parse(["acme", "No"]) }
    }

    private static let node = NodeID("00000000000000aa") ?? NodeID()

    private static func records() throws -> [UpstreamName: UpstreamRecord] {
        let tools = try ["read", "write"].map { try ToolDefinition(Array("{\"name\":\"\($0)\"}".utf8)) }
        var files = UpstreamRecord(document: "d", standing: .up, since: 1_800_000_000_000, node: node)
        files.terms = SessionTerms(transport: .streamableHTTP, revision: "2025-11-25", id: "secret")
        files.server = "Files 1.0"
        files.tools = tools
        files.pins = ["read": "old", "write": UpstreamRecord.pin(of: tools[1])]
        files.latency = 12
        files.lastFailure = .init(reason: "timeout", at: 1_799_999_999_000)
        let dead = UpstreamRecord(document: "d", standing: .down(reason: "connection refused"), since: 1_800_000_000_000, node: node)
        return try [#require(UpstreamName("files")): files, #require(UpstreamName("dead")): dead]
    }

    private static func withRedis(_ body: (StoreOptions.Connection) async throws -> Void) async throws {
        let server = try await RedisServer.start()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let client = RedisClient(configuration: try RedisConfiguration(url: server.url), group: group, logger: quiet)
        let running = Task { try await client.run() }
        let result: Result<Void, any Error>
        do {
            try await client.ready(timeout: .seconds(10))
            result = .success(try await body(.init(redis: client, names: .standard)))
        } catch { result = .failure(error) }
        running.cancel()
        _ = await running.result
        try await group.shutdownGracefully()
        try result.get()
    }
}
