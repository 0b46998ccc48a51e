import Fixtures
import Governance
import MCPWire
import Store
import Testing
import Upstreams

@Suite("What every directory of catalogues does", .timeLimit(.minutes(2)))
struct CatalogueConformanceTests {
    @Test("of nodes that race for a tenant's care exactly one gets it", arguments: CatalogueUnderTest.all)
    func race(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let fences = try await withThrowingTaskGroup(of: Int64?.self) { group in
            for _ in 0..<16 {
                group.addTask { try await world.directory.care(for: world.tenant, by: NodeID(), lease: 3_600_000).fence }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(fences.count { $0 != nil } == 1)
    }

    @Test(
        "care is renewed under its fence, and passes to another under a higher one when its lease is over",
        arguments: CatalogueUnderTest.all)
    func lease(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let first = try await world.fence(0)
        #expect(try await world.fence(0, lease: 0) == first)
        try await world.outliveNow()
        #expect(try await world.write(.down, fence: first) == false)
        let second = try await world.fence(1)
        #expect(second > first)
        #expect(try await world.directory.care(for: world.tenant, by: world.nodes[0], lease: 1) == TenantCare(fence: nil, version: 0))
        #expect(try await world.write(.down, fence: first) == false)
        #expect(try await world.directory.keep(only: [], of: world.tenant, fence: first) == false)
        #expect(try await world.write(.down, fence: second))
    }

    @Test("a node that comes back to its own ended care gets a new fence", arguments: CatalogueUnderTest.all)
    func gap(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let first = try await world.fence(0, lease: 0)
        try await world.outliveNow()
        #expect(try await world.fence(0) > first)
    }

    @Test("care given up is free at once, and everybody is told; nobody gives up another's", arguments: CatalogueUnderTest.all)
    func release(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let first = try await world.fence(0)
        try await world.directory.release(world.tenant, by: world.nodes[1])
        #expect(try await world.directory.care(for: world.tenant, by: world.nodes[1], lease: 1).fence == nil)
        try await world.directory.release(world.tenant, by: world.nodes[0])
        #expect(try await world.write(.down, fence: first) == false)
        #expect(try await world.fence(1) > first)
        #expect(await world.hasHeard([0]))
    }

    @Test("the version rises with what agents can see; every write is told", arguments: CatalogueUnderTest.all)
    func versions(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let fence = try await world.fence()
        #expect(try await world.read() == CatalogueState(version: 0, changed: [:], stamps: [:]))
        #expect(try await world.write(.sample(), fence: fence))
        let first = try await world.read()
        #expect(first.version > 0)
        #expect(try await world.write(.down, fence: fence, isVisible: false))
        let second = try await world.read()
        #expect(second.version == first.version && second.changed == [.sample: .down])
        #expect(try await world.write(.sample(), fence: fence))
        let third = try await world.read()
        #expect(third.version > first.version)
        #expect(try await world.directory.care(for: world.tenant, by: world.nodes[1], lease: 1).version == third.version)
        #expect(await world.hasHeard([first.version, first.version, third.version]))
    }

    @Test("a reader is sent only what it does not know, and what is gone has no stamp", arguments: CatalogueUnderTest.all)
    func changes(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let fence = try await world.fence()
        let (one, two) = (try UpstreamName.named("one"), try UpstreamName.named("two"))
        #expect(try await world.write(.sample(), one, fence: fence))
        #expect(try await world.write(.down, two, fence: fence))
        let all = try await world.read()
        #expect(all.changed == [one: .sample(), two: .down] && Set(all.stamps.keys) == [one, two])
        #expect(try await world.read(all.stamps) == CatalogueState(version: all.version, changed: [:], stamps: all.stamps))
        #expect(try await world.write(.sample(), two, fence: fence, isVisible: false))
        let later = try await world.read(all.stamps)
        #expect(later.changed == [two: .sample()] && later.stamps[one] == all.stamps[one])
        #expect(later.stamps[two] ?? 0 > all.stamps[two] ?? 0)
        #expect(try await world.read([one: 0]).changed.count == 2)
        #expect(try await world.directory.keep(only: [two], of: world.tenant, fence: fence))
        let last = try await world.read(later.stamps)
        #expect(last.changed.isEmpty && Set(last.stamps.keys) == [two] && last.version > later.version)
        #expect(try await world.directory.keep(only: [one, two], of: world.tenant, fence: fence))
        #expect(try await world.read().version == last.version)
        #expect(await eventually(within: world.patience) { world.told().last == last.version })
    }

    @Test("a record that was removed and written again has another stamp", arguments: CatalogueUnderTest.all)
    func rewritten(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let fence = try await world.fence()
        #expect(try await world.write(.down, fence: fence))
        let before = try await world.read()
        #expect(try await world.directory.keep(only: [], of: world.tenant, fence: fence))
        #expect(try await world.write(.sample(), fence: fence))
        #expect(try await world.read(before.stamps).changed == [.sample: .sample()])
    }

    @Test("a tenant's ten thousand tools of a kilobyte come back as they were", arguments: CatalogueUnderTest.all)
    func large(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let fence = try await world.fence()
        let record = UpstreamRecord.sample(try Self.tenThousand.get())
        #expect(try await world.write(record, fence: fence))
        #expect(try await world.read().changed == [.sample: record])
    }

    /// Read once, for that takes a second.
    private static let tenThousand = Result { try (0..<10_000).map { try ToolDefinition.sample("tool-\($0)", size: 1_024) } }
}

@Suite("What every directory of catalogues does about approval")
struct CatalogueApprovalTests {
    @Test("an approval pins what is listed, of one tool or of all", arguments: CatalogueUnderTest.all)
    func approval(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let fence = try await world.fence()
        let tools = [try ToolDefinition.sample("echo"), try ToolDefinition.sample("sum")]
        var record = UpstreamRecord.sample(tools)
        record.pins = ["echo": "old", "sum": "old", "gone": "old"]
        #expect(try await world.directory.approve(nil, of: .sample, tenant: world.tenant, by: "ann") == false)
        #expect(try await world.write(record, fence: fence))
        #expect(try await world.directory.approve("gone", of: .sample, tenant: world.tenant, by: "ann") == false)
        let before = try await world.read()
        #expect(try await world.directory.approve("echo", of: .sample, tenant: world.tenant, by: "ann"))
        record.pins["echo"] = UpstreamRecord.pin(of: tools[0])
        let one = try await world.read(before.stamps)
        #expect(one.changed == [.sample: record] && one.version > before.version)
        #expect(try await world.directory.approve(nil, of: .sample, tenant: world.tenant, by: "ann"))
        record.pins["sum"] = UpstreamRecord.pin(of: tools[1])
        let all = try await world.read(one.stamps)
        #expect(all.changed == [.sample: record] && record.pins["gone"] == "old")
        #expect(await world.hasHeard([before.version, one.version, all.version]))
    }

    @Test("what is approved already stays as it is", arguments: CatalogueUnderTest.all)
    func repeated(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        #expect(try await world.write(.sample([.sample("echo")]), fence: try await world.fence()))
        #expect(try await world.directory.approve(nil, of: .sample, tenant: world.tenant, by: "ann"))
        let state = try await world.read()
        #expect(try await world.directory.approve("echo", of: .sample, tenant: world.tenant, by: "ann"))
        #expect(try await world.read(state.stamps) == CatalogueState(version: state.version, changed: [:], stamps: state.stamps))
    }

    @Test("the caring node cannot write over an approval what it found before it", arguments: CatalogueUnderTest.all)
    func fenced(_ subject: CatalogueUnderTest) async throws {
        let world = try await subject.open()
        let record = UpstreamRecord.sample([try .sample("echo")])
        let before = try await world.fence()
        #expect(try await world.write(record, fence: before))
        #expect(try await world.directory.approve(nil, of: .sample, tenant: world.tenant, by: "ann"))
        #expect(try await world.write(record, fence: before) == false)
        #expect(try await world.directory.care(for: world.tenant, by: world.nodes[1], lease: 1).fence == nil)
        let after = try await world.fence()
        #expect(after > before)
        #expect(try await world.write(record, fence: after))
    }

    @Test("approvals of several tools at once all count", arguments: CatalogueUnderTest.all)
    func concurrent(_ subject: CatalogueUnderTest) async throws {
        // On a busy machine six in one round may happen to come one after the other.
        for _ in 0..<20 {
            let world = try await subject.open()
            let tools = try (0..<6).map { try ToolDefinition.sample("tool-\($0)") }
            #expect(try await world.write(.sample(tools), fence: try await world.fence()))
            let areApproved = try await withThrowingTaskGroup(of: Bool.self) { group in
                for tool in tools {
                    group.addTask { try await world.directory.approve(tool.name, of: .sample, tenant: world.tenant, by: "ann") }
                }
                return try await group.reduce(true) { $0 && $1 }
            }
            #expect(areApproved)
            let pins = try await world.read().changed[.sample]?.pins ?? [:]
            for tool in tools { #expect(pins[tool.name] == UpstreamRecord.pin(of: tool)) }
        }
    }
}
