import Demo
import Fixtures
import Governance
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Upstreams

@Suite("Telling of changes that agents can see")
struct ChangeTests {
    /// How often each tenant was told of.
    private final class Told: Sendable {
        private let counts = Mutex<[TenantName: Int]>([:])

        init(_ bench: Workbench) {
            bench.catalogues.onChange { tenant in self.counts.withLock { $0[tenant, default: 0] += 1 } }
        }

        func count(_ tenant: Tenant) -> Int { counts.withLock { $0[tenant.name] ?? 0 } }
    }

    /// The tenant with another price for everything.
    private func priced(_ tenant: Tenant, _ price: Int64) throws -> Tenant {
        Tenant(name: tenant.name, upstreams: tenant.upstreams, tariff: Tariff(base: try #require(Credits(whole: price))))
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
                #expect(told.count(tenant) == 1)
                bench.state([try Tenant.of(["other": server.url])])
                try await eventually("another upstream is a change") { told.count(tenant) >= 2 }
            }
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
