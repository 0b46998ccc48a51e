import Governance
import MCPWire
import Testing

@testable import Upstreams

@Suite("Names of tools")
struct NameTests {
    private func part(_ upstream: String, _ tools: [String], missing: Bool = false, withdrawn: Bool = false) throws -> CatalogueBuilder.Part
    {
        CatalogueBuilder.Part(
            upstream: try #require(UpstreamName(upstream)),
            tools: try tools.map { try ToolDefinition(Array(#"{"name":"\#($0)","inputSchema":{}}"#.utf8)) }, isMissing: missing,
            isWithdrawn: withdrawn)
    }

    private func names(_ parts: [CatalogueBuilder.Part], _ naming: Tenant.Naming = .onCollision) -> [String] {
        CatalogueBuilder(parts, naming: naming).build().entries.map { "\($0.shownName)=\($0.target.upstream).\($0.target.tool)" }
    }

    @Test("on a collision the first upstream of the document keeps the bare name")
    func onCollision() throws {
        let parts = try [part("zoo", ["search", "z"]), part("ant", ["search", "a"])]
        #expect(names(parts) == ["a=ant.a", "ant__search=ant.search", "search=zoo.search", "z=zoo.z"])
        #expect(names(parts, .always) == ["ant__a=ant.a", "ant__search=ant.search", "zoo__search=zoo.search", "zoo__z=zoo.z"])
        #expect(names(parts, .never) == ["a=ant.a", "search=zoo.search", "z=zoo.z"])
        #expect(CatalogueBuilder(parts, naming: .never).build().target(for: "ant__search")?.target.tool == "search")
    }

    @Test("a name does not move because its upstream is down or withdrawn")
    func precedenceStays() throws {
        #expect(try names([part("one", ["s"], missing: true), part("two", ["s"])]) == ["s=one.s", "two__s=two.s"])
        #expect(try names([part("one", ["s"], missing: true, withdrawn: true), part("two", ["s"])]) == ["two__s=two.s"])
    }

    @Test("an upstream's ping is always prefixed", arguments: [Tenant.Naming.onCollision, .always, .never])
    func ping(_ naming: Tenant.Naming) throws {
        #expect(try names([part("one", ["ping"])], naming) == ["one__ping=one.ping"])
        #expect(try CatalogueBuilder([part("one", ["ping"])], naming: naming).build().target(for: "ping") == nil)
    }

    @Test("the prefixed form of one tool is never another tool's bare name")
    func prefixWins() throws {
        let parts = try [part("one", ["two__s"]), part("two", ["s", "s"])]
        #expect(names(parts) == ["one__two__s=one.two__s", "s=two.s"])
        let catalogue = CatalogueBuilder(parts, naming: .onCollision).build()
        #expect(catalogue.target(for: "two__s")?.target.upstream.text == "two")
    }

    @Test("a prefixed name over 64 characters is cut and ends in 8 hex digits of its SHA-256")
    func long() throws {
        let upstream = try #require(UpstreamName("files"))
        let fits = String(repeating: "a", count: 57)
        #expect(ToolNames.prefixed(fits, by: upstream) == "files__\(fits)")
        let cut = ToolNames.prefixed("\(fits)b", by: upstream)
        // printf 'files__aaa…ab' | sha256sum
        #expect(cut == "files__\(String(repeating: "a", count: 49))5feae0c5")
        #expect(cut != ToolNames.prefixed("\(fits)c", by: upstream))
    }

    @Test("tools that can only run as tasks are withheld, unlisted upstreams are named")
    func tasks() throws {
        let task = try ToolDefinition(Array(#"{"name":"t","inputSchema":{},"execution":{"taskSupport":"required"}}"#.utf8))
        let name = try #require(UpstreamName("one"))
        let part = CatalogueBuilder.Part(upstream: name, tools: [task], isMissing: true, isWithdrawn: false)
        let catalogue = CatalogueBuilder([part], naming: .onCollision).build()
        #expect(catalogue.entries.isEmpty && catalogue.target(for: "one__t") == nil)
        #expect(catalogue.missing == [name] && catalogue.upstreamNames == ["one"])
    }
}
