import Governance
import MCPWire
import Testing

@testable import Upstreams

@Suite("Names of prompts and addresses of resources")
struct ListNameTests {
    private func part(
        _ upstream: String, _ lists: [Listing: [String]], hasResources: Bool = true, withdrawn: Bool = false
    ) throws -> CatalogueBuilder.Part {
        var others: [Listing: [ListedDefinition]] = [:]
        for (listing, names) in lists {
            let key = listing == .prompts ? "name" : listing == .resources ? "uri" : "uriTemplate"
            others[listing] = try names.map { try ListedDefinition(Array(#"{"\#(key)":"\#($0)"}"#.utf8), in: listing) }
        }
        return CatalogueBuilder.Part(
            upstream: try #require(UpstreamName(upstream)), tools: [], isMissing: false, isWithdrawn: withdrawn, others: others,
            hasResources: hasResources)
    }

    private func lists(_ parts: [CatalogueBuilder.Part], _ naming: Tenant.Naming = .onCollision) -> ListedEntries {
        CatalogueBuilder(parts, naming: naming).build().others
    }

    private func place(_ target: Target?) -> String? { target.map { "\($0.upstream) \($0.tool)" } }

    @Test("prompts are named like tools")
    func prompts() throws {
        let parts = try [part("zoo", [.prompts: ["p", "z", "ping"]]), part("ant", [.prompts: ["p"]])]
        #expect(lists(parts)[.prompts].map(\.shownName) == ["ant__p", "p", "ping", "z"])
        #expect(lists(parts, .always)[.prompts].map(\.shownName) == ["ant__p", "zoo__p", "zoo__ping", "zoo__z"])
        #expect(lists(parts, .never)[.prompts].map(\.shownName) == ["p", "ping", "z"])
        #expect(place(lists(parts, .never).prompt(for: "ant__p")?.target) == "ant p")
        #expect(place(lists(parts).prompt(for: "zoo__p")?.target) == "zoo p")
        #expect(lists(parts).prompt(for: "q") == nil)
    }

    @Test("only a resource that an earlier upstream has too is shown under another URI, and led back by it")
    func resources() throws {
        let parts = try [part("zoo", [.resources: ["a://1", "a://2", "a://2"]]), part("ant", [.resources: ["a://1", "a://3"]])]
        let lists = lists(parts)
        #expect(lists[.resources].map(\.shownName) == ["a://1", "a://2", "a://3", "ant+a://1"])
        #expect(place(lists.resource(for: "a://1")) == "zoo a://1")
        #expect(place(lists.resource(for: "a://3")) == "ant a://3")
        #expect(place(lists.resource(for: "ant+a://1")) == "ant a://1")
        let ant = try #require(UpstreamName("ant"))
        #expect(lists.shownURI("a://1", of: ant) == "ant+a://1" && lists.shownURI("a://3", of: ant) == "a://3")
    }

    @Test("what is not listed goes by the first template in the document, else to the first upstream with resources")
    func templates() throws {
        let parts = try [
            part("none", [:], hasResources: false), part("zoo", [.templates: ["z://{a}", "both://{a}"]]),
            part("ant", [.templates: ["a://{a}/x", "both://{a}", "z://{+all}"]]),
        ]
        let lists = lists(parts)
        #expect(lists[.templates].map(\.shownName) == ["a://{a}/x", "ant+both://{a}", "both://{a}", "z://{+all}", "z://{a}"])
        #expect(place(lists.resource(for: "z://1")) == "zoo z://1")
        #expect(place(lists.resource(for: "z://1/2")) == "ant z://1/2")
        #expect(place(lists.resource(for: "a://1/x")) == "ant a://1/x")
        #expect(place(lists.resource(for: "both://1")) == "zoo both://1")
        #expect(place(lists.resource(for: "ant+both://1")) == "ant both://1")
        #expect(place(lists.resource(for: "else://1")) == "zoo else://1")
        #expect(place(lists.template(for: "ant+both://{a}")) == "ant both://{a}")
        #expect(try self.lists([part("none", [:], hasResources: false)]).resource(for: "a://1") == nil)
    }

    @Test("of two upstreams with resources it can be told whose a URI is that one of them names")
    func rivals() throws {
        let lists = try lists([
            part("zoo", [.resources: ["a://1"]]), part("ant", [.resources: ["a://1", "b://1"]]), part("bee", [:], hasResources: false),
        ])
        let (zoo, ant, bee) = try (#require(UpstreamName("zoo")), #require(UpstreamName("ant")), #require(UpstreamName("bee")))
        #expect(lists.hasRivals && lists.mayHave(ant) && !lists.mayHave(bee))
        #expect(try !self.lists([part("zoo", [:]), part("bee", [:], hasResources: false)]).hasRivals)
        #expect(lists.listedURI("a://1", of: zoo) == "a://1" && lists.listedURI("a://1", of: ant) == "ant+a://1")
        #expect(lists.listedURI("b://1", of: ant) == "b://1" && lists.listedURI("b://1", of: zoo) == nil)
        #expect(lists.lists("ant+a://1") && lists.lists("b://1") && !lists.lists("b://2"))
        #expect(place(lists.resource(for: ListedEntries.prefixed("c://1", by: ant))) == "ant c://1")
        #expect(place(lists.resource(for: "bee+c://1")) == "zoo bee+c://1")
    }

    @Test("names and URIs do not move because an upstream is withdrawn")
    func withdrawn() throws {
        let gone = try part("zoo", [.prompts: ["p"], .resources: ["a://1"]], withdrawn: true)
        let lists = try lists([gone, part("ant", [.prompts: ["p"], .resources: ["a://1"]])])
        #expect(lists[.prompts].map(\.shownName) == ["ant__p"] && lists[.resources].map(\.shownName) == ["ant+a://1"])
    }
}
