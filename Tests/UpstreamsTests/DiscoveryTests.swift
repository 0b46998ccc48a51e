import Demo
import Events
import Fixtures
import Governance
import MCPWire
import NIOCore
import Testing

@testable import Upstreams

@Suite("Discovery")
struct DiscoveryTests {
    @Test("of ten upstreams one hangs: the list comes after the deadline with the other nine, the missing one named")
    func oneHangs() async throws {
        try await withServer(LightTools.all.filter { $0.name == "echo" }) { server in
            try await ScriptedServer.run({ _ in [] }) { hung, hungURL in
                var timings = UpstreamTimings.quick
                timings.discovery = .milliseconds(1000)
                let names = (0..<10).map { "u\($0)" }
                let upstreams = try names.map {
                    UpstreamDocument(name: try #require(UpstreamName($0)), place: .url($0 == "u4" ? hungURL : server.url))
                }
                let tenant = Tenant(name: try #require(TenantName("acme")), upstreams: upstreams, tariff: Tariff(base: .zero))
                try await Workbench.run([tenant], timings: timings) { bench in
                    let begun = ContinuousClock.now
                    let catalogue = await bench.catalogues.catalogue(of: tenant)
                    let took = ContinuousClock.now - begun
                    #expect(took >= .milliseconds(950) && took < .milliseconds(2500))
                    #expect(catalogue.missing.map(\.text) == ["u4"])
                    #expect(catalogue.entries.count == 9 && catalogue.entries.first?.shownName == "echo")
                    #expect(bench.events.all(.upstreamDown).map { $0.text("reason") } == ["timed out"])
                    #expect(bench.events.all(.upstreamUp).count == 9)
                    try await eventually("the hung connection is closed") { hung.open <= 1 }
                    let again = ContinuousClock.now
                    _ = await bench.catalogues.catalogue(of: tenant)
                    #expect(ContinuousClock.now - again < .milliseconds(50), "only the first one waits")
                }
            }
        }
    }

    @Test("all pages are collected")
    func pages() async throws {
        var options = ToolServer.Options()
        options.pageSize = 3
        try await withServer(LightTools.all, options) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                #expect(await bench.catalogues.catalogue(of: tenant).entries.count == LightTools.all.count)
            }
        }
    }

    /// The reason why an upstream with these pages is down.
    private func reason(_ page: @escaping @Sendable (_ number: Int) -> String) async throws -> String? {
        let found = Box<String>()
        try await ScriptedServer.run({ request in
            request.method == Method.toolsList ? [.send(ScriptedServer.json(request.id, result: page(request.count)))] : nil
        }) { _, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                found.value = bench.events.all(.upstreamDown).first?.text("reason")
            }
        }
        return found.value
    }

    @Test("a list that never ends is an error: a repeated cursor, too many pages, too many tools")
    func endless() async throws {
        #expect(try await reason { _ in #"{"tools":[],"nextCursor":"same"}"# } == "a cursor repeats")
        #expect(try await reason { #"{"tools":[],"nextCursor":"\#($0)"}"# } == "more than 100 pages of tools/list")
        let many = (0..<5001).map { #"{"name":"t\#($0)","inputSchema":{}}"# }.joined(separator: ",")
        #expect(try await reason { #"{"tools":[\#(many)],"nextCursor":"\#($0)"}"# } == "more than 10000 in tools/list")
        #expect(try await reason { _ in #"{"tools":7}"# } == "unreadable list of tools")
    }

    @Test("an upstream without tools is up, one that refuses to list the tools it has is down")
    func noTools() async throws {
        let error = #"{"code":-32601,"message":"no"}"#
        for (capabilities, reasons) in [("{}", []), (#"{"tools":{}}"#, ["answered with error -32601"])] {
            try await ScriptedServer.run({ request in
                let result = #"{"protocolVersion":"2025-06-18","capabilities":\#(capabilities)}"#
                return switch request.method {
                case Method.initialize: [.send(ScriptedServer.json(request.id, result: result))]
                case Method.toolsList: [.send(ScriptedServer.response(#"{"jsonrpc":"2.0","id":\#(request.id),"error":\#(error)}"#))]
                default: nil
                }
            }) { _, url in
                let tenant = try Tenant.of(["one": url])
                try await Workbench.run([tenant]) { bench in
                    #expect(await bench.catalogues.catalogue(of: tenant).entries.isEmpty)
                    #expect(bench.events.all(.upstreamDown).compactMap { $0.text("reason") } == reasons)
                }
            }
        }
    }

    @Test("an upstream that goes down keeps its tools listed for a while, comes back by itself, and each change is one event")
    func downAndUp() async throws {
        try await withServer(LightTools.all) { server in
            var timings = UpstreamTimings.quick
            timings.refresh = .milliseconds(50)
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant], timings: timings) { bench in
                let before = await bench.catalogues.catalogue(of: tenant)
                server.record.mode = .status(503)
                try await eventually("it is down") { await bench.catalogues.catalogue(of: tenant).missing.count == 1 }
                #expect(await bench.catalogues.catalogue(of: tenant).entries.count == before.entries.count)
                try await eventually("it is tried again") { server.record.requests > 12 }
                #expect(bench.events.all(.upstreamDown).map { $0.text("reason") } == ["HTTP 503"])
                server.record.mode = .normal
                try await eventually("it is back") { await bench.catalogues.catalogue(of: tenant).missing.isEmpty }
                #expect(bench.events.all(.upstreamUp).count == 2)
                #expect(bench.events.all(.toolsChanged).isEmpty)
            }
        }
    }

    @Test("the tools of an upstream that stays down leave the list")
    func stale() async throws {
        try await withServer(LightTools.all) { server in
            var timings = UpstreamTimings.quick
            timings.refresh = .milliseconds(50)
            timings.staleFor = .milliseconds(150)
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant], timings: timings) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                server.record.mode = .drop
                try await eventually("they leave") { await bench.catalogues.catalogue(of: tenant).entries.isEmpty }
                #expect(await bench.catalogues.catalogue(of: tenant).target(for: "one__echo") == nil)
                #expect(bench.events.all(.toolsChanged).count == 1)
                server.record.mode = .normal
                try await eventually("they return") { await bench.catalogues.catalogue(of: tenant).entries.count == LightTools.all.count }
                #expect(bench.events.all(.toolsChanged).count == 2)
            }
        }
    }

    @Test("a changed list is seen at the next refresh")
    func changed() async throws {
        try await ScriptedServer.run({ request in
            guard request.method == Method.toolsList, request.count > 1 else { return nil }
            return [.send(ScriptedServer.json(request.id, result: #"{"tools":[{"name":"t","inputSchema":{}},{"name":"new"}]}"#))]
        }) { _, url in
            var timings = UpstreamTimings.quick
            timings.refresh = .milliseconds(50)
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant], timings: timings) { bench in
                #expect(await bench.catalogues.catalogue(of: tenant).entries.map(\.shownName) == ["t"])
                try await eventually("it changes") {
                    await bench.catalogues.catalogue(of: tenant).entries.map(\.shownName) == ["new", "t"]
                }
                #expect(bench.events.all(.toolsChanged).map { $0.text("tool") } == [nil, "t"], "the list, and the tool defined otherwise")
            }
        }
    }

    @Test("two tenants with the same upstream have sessions of their own")
    func tenants() async throws {
        try await withServer(LightTools.all) { server in
            let one = try Tenant.of(["one": server.url])
            let other = Tenant(name: try #require(TenantName("other")), upstreams: one.upstreams, tariff: one.tariff)
            try await Workbench.run([one, other]) { bench in
                _ = await bench.catalogues.catalogue(of: one)
                _ = await bench.catalogues.catalogue(of: other)
                #expect(server.record.sessions == 2)
            }
        }
    }
}
