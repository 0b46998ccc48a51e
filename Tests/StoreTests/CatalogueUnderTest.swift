import Fixtures
import Governance
import MCPWire
import Redis
import Store
import Testing
import Upstreams

/// An implementation of the catalogue's directory that the conformance suite runs on.
struct CatalogueUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable () async throws -> CatalogueWorld

    static let all =
        [
            CatalogueUnderTest(testDescription: "in memory") { try CatalogueWorld.inMemory() },
            CatalogueUnderTest(testDescription: "Redis, its keys watched") { try await CatalogueWorld.redis(.chosen, .watched) },
        ]
        + RedisTopology.allCases.map { topology in
            CatalogueUnderTest(testDescription: topology.testDescription) { try await CatalogueWorld.redis(topology) }
        }
}

/// A directory with one tenant of whom nothing is known, and what was told of it.
struct CatalogueWorld: Sendable {
    let tenant: TenantName
    let directory: any CatalogueDirectory
    /// The versions told so far, in order.
    let told: @Sendable () -> [Int64]
    /// Returns when a lease that ended now is over.
    let outliveNow: @Sendable () async throws -> Void
    let nodes = [NodeID(), NodeID()]
    /// How long to wait for what is told.
    var patience = Duration.seconds(5)

    static func inMemory() throws -> CatalogueWorld {
        let clock = ManualClock()
        let tenant = try TenantName.fresh()
        let directory = InMemoryCatalogueDirectory(clock: clock)
        let receiver = RecordingReceiver()
        directory.changes { receiver.heard(.catalogueChanged($0, version: $1)) }
        return CatalogueWorld(
            tenant: tenant, directory: directory, told: { receiver.catalogues[tenant] ?? [] }, outliveNow: { clock.advance(by: 2) })
    }

    static func redis(_ topology: RedisTopology = .chosen, _ scripts: StoreScripts = .embedded) async throws -> CatalogueWorld {
        let tenant = try TenantName.fresh()
        let client = try await SharedRedis.client(of: topology)
        let receiver = try await SharedBus.receiver(on: topology)
        return CatalogueWorld(
            tenant: tenant, directory: RedisCatalogueDirectory(redis: client, scripts: scripts),
            told: { receiver.catalogues[tenant] ?? [] }, outliveNow: { try await client.outliveNow() })
    }

    /// The care, which must be had.
    func fence(_ node: Int = 0, lease: Int64 = 3_600_000) async throws -> Int64 {
        try #require(try await directory.care(for: tenant, by: nodes[node], lease: lease).fence)
    }

    /// Nil knows nothing.
    func read(_ known: [UpstreamName: Int64] = [:]) async throws -> CatalogueState { try await directory.read(tenant, knowing: known) }

    func write(_ record: UpstreamRecord, _ upstream: UpstreamName = .sample, fence: Int64, isVisible: Bool = true) async throws -> Bool {
        try await directory.write(record, of: upstream, tenant: tenant, fence: fence, isVisible: isVisible)
    }

    /// Whether exactly these versions were told, in the end.
    func hasHeard(_ versions: [Int64]) async -> Bool { await eventually(within: patience) { told() == versions } }
}

/// One listener on the channels of each shared Redis for all tests of this process.
private enum SharedBus {
    private static let single = listening(.single)
    private static let sentinels = listening(.sentinels)
    private static let cluster = listening(.cluster)

    static func receiver(on topology: RedisTopology) async throws -> RecordingReceiver {
        switch topology {
        case .single: try await single.value
        case .sentinels: try await sentinels.value
        case .cluster: try await cluster.value
        }
    }

    private static func listening(_ topology: RedisTopology) -> Task<RecordingReceiver, any Error> {
        Task {
            let bus = RedisNodeBus(try await SharedRedis.client(of: topology), names: .standard)
            let receiver = RecordingReceiver()
            Task { try await bus.run(as: NodeID(), receiver: receiver, listeners: [receiver]) }
            guard await eventually(within: .seconds(10), { receiver.isReady }) else { throw FixtureError("no bus") }
            return receiver
        }
    }
}

extension UpstreamRecord {
    /// One that tells how its upstream wants to be used.
    static func withInstructions(_ other: UpstreamRecord? = nil) throws -> UpstreamRecord {
        var record = try other ?? sample([.sample("echo")])
        record.instructions = "ask\nnicely ü"
        return record
    }

    /// One that is up with these tools, everything else in it said.
    static func sample(_ tools: [ToolDefinition] = []) -> UpstreamRecord {
        var record = UpstreamRecord(document: "d0", standing: .up, since: 1_800_000_000_000, node: .sample)
        record.terms = SessionTerms(transport: .sse, revision: "2024-11-05", id: "a b", capabilities: [.tools, .toolsListChanged])
        record.server = "everything \"1.0\" é"
        record.tools = tools
        record.listedAt = 1_800_000_000_001
        record.isWithdrawn = true
        record.pins = ["echo": "00", "add": "ff"]
        record.latency = 12
        record.lastFailure = Failure(reason: "connection refused", at: -1)
        return record
    }

    /// One with prompts and resources beside its tools.
    static func withLists() throws -> UpstreamRecord {
        var record = sample([try .sample("echo")])
        record.terms = SessionTerms(transport: .stdio, revision: "2026-07-28", capabilities: [.tools, .prompts, .resourcesListChanged])
        record.others = [
            .prompts: [try ListedDefinition(Array(#"{"name":"é","_meta":{"io.satgate/x":1}}"#.utf8), in: .prompts)],
            .templates: [try ListedDefinition(Array(#"{"uriTemplate":"a://{b}"}"#.utf8), in: .templates)],
        ]
        return record
    }

    /// One that was never up.
    static var down: UpstreamRecord {
        UpstreamRecord(document: "", standing: .down(reason: "DNS"), since: 0, node: .sample)
    }
}

extension ToolDefinition {
    /// Of `size` bytes or so.
    static func sample(_ name: String, size: Int = 0, about: String = "d") throws -> ToolDefinition {
        let text = String(repeating: about, count: max(1, size - 60 - name.utf8.count))
        return try ToolDefinition(Array(#"{ "name":"\#(name)","inputSchema":{"type":"object"},"description":"\#(text)"}"#.utf8))
    }
}

extension UpstreamName {
    static func named(_ text: String) throws -> UpstreamName { try #require(UpstreamName(text)) }
}
