import Demo
import Events
import Governance
import MCPWire
import NIOCore
import Testing

@testable import Upstreams

@Suite("Discovery of prompts and resources")
struct ListDiscoveryTests {
    private static let capable =
        #"{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"prompts":{},"resources":{}},"serverInfo":{"name":"s","version":"1"}}"#

    private static func error(_ id: String, _ code: Int) -> [ScriptedServer.Step] {
        [.send(ScriptedServer.response(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":"no"}}"#))]
    }

    private static func list(_ id: String, _ members: String) -> [ScriptedServer.Step] {
        [.send(ScriptedServer.json(id, result: "{\(members)}"))]
    }

    /// Runs the body with an upstream that has prompts and resources, but no templates.
    private func withLists(
        _ script: @escaping ScriptedServer.Script, _ body: @escaping @Sendable (Workbench, Tenant, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run({ request in
            if let steps = script(request) { return steps }
            switch request.method {
            case Method.initialize: return [.send(ScriptedServer.json(request.id, result: Self.capable, session: "s"))]
            case Method.promptsList: return Self.list(request.id, #""prompts":[{"name":"p"}]"#)
            case Method.resourcesList where request.count == 1:
                return Self.list(request.id, #""resources":[{"uri":"a://1"}],"nextCursor":"c""#)
            case Method.resourcesList: return Self.list(request.id, #""resources":[{"uri":"a://2"}]"#)
            case Method.templatesList: return Self.error(request.id, -32601)
            default: return nil
            }
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            var timings = UpstreamTimings.quick
            timings.refresh = .milliseconds(50)
            try await Workbench.run([tenant], timings: timings) { bench in try await body(bench, tenant, server) }
        }
    }

    @Test("what an upstream says it has is listed whole; templates it need not have")
    func whole() async throws {
        try await withLists({ $0.method == Method.resourcesList && $0.count > 2 ? Self.error($0.id, -32603) : nil }) { bench, tenant, _ in
            let catalogue = await bench.catalogues.catalogue(of: tenant)
            #expect(catalogue.entries.map(\.shownName) == ["t"] && catalogue.missing.isEmpty)
            #expect(catalogue.others[.prompts].map(\.shownName) == ["p"])
            #expect(catalogue.others[.resources].map(\.shownName) == ["a://1", "a://2"])
            #expect(catalogue.others[.templates].isEmpty)
        }
    }

    @Test("an upstream that does not say so is not asked")
    func unasked() async throws {
        try await ScriptedServer.run({ _ in nil }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for listing in Listing.allCases { #expect(server.requests(listing.method).isEmpty) }
            }
        }
    }

    @Test("a list that fails takes neither the tools away nor what was known of it")
    func failing() async throws {
        try await withLists({ $0.method == Method.promptsList && $0.count > 1 ? Self.error($0.id, -32603) : nil }) {
            bench, tenant, server in
            try await eventually("it was asked again") { server.requests(Method.promptsList).count > 3 }
            let catalogue = await bench.catalogues.catalogue(of: tenant)
            #expect(catalogue.others[.prompts].map(\.shownName) == ["p"])
            #expect(catalogue.entries.map(\.shownName) == ["t"] && catalogue.missing.isEmpty)
            #expect(bench.events.all(.upstreamDown).isEmpty)
        }
    }

    @Test("a list that changes is seen at the next refresh, and is no change of the tools")
    func changing() async throws {
        try await withLists({ request in
            guard request.method == Method.promptsList, request.count > 1 else { return nil }
            return Self.list(request.id, #""prompts":[{"name":"q"}]"#)
        }) { bench, tenant, _ in
            _ = await bench.catalogues.catalogue(of: tenant)
            try await eventually("it changes") {
                await bench.catalogues.catalogue(of: tenant).others[.prompts].map(\.shownName) == ["q"]
            }
            #expect(bench.events.all(.toolsChanged).isEmpty)
        }
    }

    @Test("a prompt is asked for by the name that the upstream gives it")
    func forwarded() async throws {
        try await withLists({ $0.method == Method.promptsGet ? Self.list($0.id, #""messages":[]"#) : nil }) { bench, tenant, server in
            _ = await bench.catalogues.catalogue(of: tenant)
            let json = #"{"jsonrpc":"2.0","id":"a","method":"prompts/get","params":{"name":"one__p","_meta":{"token":"secret"}}}"#
            let request = try ForwardedRequest(Message(Array(json.utf8)))
            let prompt = try #require(await bench.catalogues.catalogue(of: tenant).others.prompt(for: request.name))
            let exchange = try await bench.catalogues.forward(
                request, to: prompt.target, of: tenant, for: Caller(session: SessionID()), deadline: .now() + .seconds(15))
            guard case .answer(let answer)? = try await exchange.next() else { throw UpstreamFailure.broken(reason: "no answer") }
            #expect(answer.kind == .result(isError: false))
            let sent = try #require(server.requests(Method.promptsGet).first)
            #expect(String(decoding: sent.body, as: UTF8.self).hasSuffix(#""params":{"name":"p","_meta":{}}}"#))
        }
    }
}
