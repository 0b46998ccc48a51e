import Demo
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Upstreams

@Suite("Telling of changes that agents can see")
struct ChangeTests {
    /// What was told of each tenant.
    private final class Told: Sendable {
        private let changes = Mutex<[TenantName: [ListKinds]]>([:])

        init(_ bench: Workbench) {
            bench.catalogues.onChange { kinds, tenant in self.changes.withLock { $0[tenant, default: []].append(kinds) } }
        }

        func kinds(_ tenant: Tenant) -> [ListKinds] { changes.withLock { $0[tenant.name] ?? [] } }

        func count(_ tenant: Tenant) -> Int { kinds(tenant).count }
    }

    /// The tenant with another price for everything.
    private func priced(_ tenant: Tenant, _ price: Int64) throws -> Tenant {
        Tenant(name: tenant.name, upstreams: tenant.upstreams, tariff: Tariff(base: Credits(whole: price)))
    }

    /// Longer than the window in which changes are told as one.
    private func settled(_ bench: Workbench) async throws {
        try await bench.group.any().scheduleTask(in: .milliseconds(300)) {}.futureResult.get()
    }

    @Test("an upstream's change is told once on every node, its first list is told to nobody")
    func everyNode() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let shelf = ToolShelf(LightTools.all, showing: ["echo"])
        let server = try await ToolServer.start(shelf, options: .init(), record: .init(), group: group)
        let tenant = try Tenant.of(["one": server.url])
        let cluster = Cluster()
        try await Workbench.run([tenant], in: cluster) { first in
            let told = Told(first)
            try await Workbench.run([tenant], in: cluster) { second in
                let others = Told(second)
                for bench in [first, second] { #expect(await bench.catalogues.catalogue(of: tenant).entries.count == 1) }
                try await eventually("it listens") { server.record.counts.streams > 0 }
                try await settled(second)
                #expect(told.count(tenant) == 0 && others.count(tenant) == 0)
                #expect(shelf.show(["echo", "fail"]))
                try await eventually("both are told") { told.count(tenant) == 1 && others.count(tenant) == 1 }
                for bench in [first, second] { #expect(await bench.catalogues.catalogue(of: tenant).entries.count == 2) }
                try await settled(second)
                #expect(told.count(tenant) == 1 && others.count(tenant) == 1)
            }
        }
        try await group.shutdownGracefully()
    }

    @Test("a price of the upstream's own is told like the tenant's")
    func ownPrices() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            let name = try #require(tenant.upstreams.first?.name)
            try await Workbench.run([tenant]) { bench in
                let told = Told(bench)
                _ = await bench.catalogues.catalogue(of: tenant)
                let document = UpstreamDocument(name: name, place: .url(server.url), tariff: Tariff(base: Credits(whole: 3)))
                bench.state([Tenant(name: tenant.name, upstreams: [document], tariff: tenant.tariff)])
                try await eventually("it is told") { told.kinds(tenant) == [.tools] }
            }
        }
    }

    @Test("a burst of changed documents is told as one, one that ends where it began not at all")
    func burst() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                let told = Told(bench)
                _ = await bench.catalogues.catalogue(of: tenant)
                for price in Int64(1)...10 { bench.state([try priced(tenant, price)]) }
                try await eventually("it is told") { told.count(tenant) > 0 }
                bench.state([try priced(tenant, 11)])
                bench.state([try priced(tenant, 10)])
                try await settled(bench)
                #expect(told.kinds(tenant) == [.tools])
                bench.state([try Tenant.of(["other": server.url])])
                try await eventually("another upstream is a change") { told.count(tenant) >= 2 }
            }
        }
    }

    @Test("of each change the lists are told that look otherwise, templates as resources, those that did not change never")
    func kinds() async throws {
        let shelf = Mutex<[String: String]>([:])
        let capable = #"{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"prompts":{},"resources":{}},"serverInfo":{"name":"s"}}"#
        try await ScriptedServer.run({ request in
            if request.method == Method.initialize { return [.send(ScriptedServer.json(request.id, result: capable, session: "s"))] }
            guard let listing = Listing.allCases.first(where: { $0.method == request.method }) else { return nil }
            let items = shelf.withLock { $0[request.method] } ?? ""
            return [.send(ScriptedServer.json(request.id, result: "{\"\(Self.member(listing))\":[\(items)]}"))]
        }) { _, url in
            let tenant = try Tenant.of(["one": url])
            var timings = UpstreamTimings.quick
            timings.refresh = .milliseconds(50)
            try await Workbench.run([tenant], timings: timings) { bench in
                let told = Told(bench)
                _ = await bench.catalogues.catalogue(of: tenant)
                var wanted: [ListKinds] = []
                for (method, item, kind) in [
                    (Method.promptsList, #"{"name":"p"}"#, ListKinds.prompts), (Method.resourcesList, #"{"uri":"a://1"}"#, .resources),
                    (Method.templatesList, #"{"uriTemplate":"a://{x}","name":"t"}"#, .resources),
                    (Method.promptsList, #"{"name":"p","description":"d"}"#, .prompts),
                ] {
                    shelf.withLock { $0[method] = item }
                    wanted.append(kind)
                    try await eventually("\(method) is told") { told.count(tenant) >= wanted.count }
                    try await settled(bench)
                    #expect(told.kinds(tenant) == wanted)
                }
                bench.state([try Tenant.of(["other": url])])
                try await eventually("all is gone and comes again") {
                    told.kinds(tenant).dropFirst(4).reduce(ListKinds()) { $0.union($1) } == ListKinds.all
                }
            }
        }
    }

    private static func member(_ listing: Listing) -> String {
        switch listing {
        case .prompts: "prompts"
        case .resources: "resources"
        case .templates: "resourceTemplates"
        }
    }

    @Test("who was given a list before all upstreams had answered is told when the rest comes")
    func late() async throws {
        try await withServer(LightTools.all) { server in
            try await ScriptedServer.run({ request in
                request.method == "initialize" ? [.pause(600), .close] : nil
            }) { _, slow in
                let tenant = try Tenant.of(["one": server.url, "slow": slow])
                var timings = UpstreamTimings.quick
                timings.discovery = .milliseconds(100)
                try await Workbench.run([], timings: timings) { bench in
                    let told = Told(bench)
                    let early = await bench.catalogues.catalogue(of: tenant).entries.count
                    #expect(early == 0)
                    bench.state([tenant])
                    try await eventually("the rest is told") { told.count(tenant) == 1 }
                }
            }
        }
    }
}
