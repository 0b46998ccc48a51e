import Demo
import Events
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Sessions with upstreams")
struct SessionTests {
    @Test("the handshake declares no capability, and later requests carry what the revision demands")
    func handshake() async throws {
        try await ScriptedServer.run { server, url in
            let tenant = try Tenant.of(["one": url], headers: ["X-Key": "k"])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                _ = try await bench.answer("t", of: tenant)
            }
            let posted = server.requests.filter { $0.head.method == .POST }.drop { $0.method == Method.discover }
            #expect(posted.map(\.method) == [Method.initialize, Method.initialized, Method.toolsList, Method.toolsCall])
            let first = try #require(posted.first)
            #expect(String(decoding: first.body, as: UTF8.self).contains(#""capabilities":{}"#))
            #expect(first.head.headers["mcp-session-id"].isEmpty && first.head.headers["mcp-protocol-version"].isEmpty)
            for request in posted.dropFirst() {
                #expect(request.head.headers["mcp-session-id"] == ["s-1"])
                #expect(request.head.headers["mcp-protocol-version"] == ["2025-11-25"])
                #expect(request.head.headers["accept"] == ["application/json, text/event-stream"])
                #expect(request.head.headers["x-key"] == ["k"])
                #expect(request.head.uri == "/mcp")
            }
        }
    }

    @Test("an older revision is spoken as it was", arguments: ["2024-11-05", "2025-03-26", "2025-06-18"])
    func older(_ revision: String) async throws {
        try await ScriptedServer.run({ request in
            guard request.method == Method.initialize else { return nil }
            let result = ScriptedServer.initializeResult.replacing("2025-11-25", with: revision)
            return [.send(ScriptedServer.json(request.id, result: result))]
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                _ = try await bench.answer("t", of: tenant)
                #expect(bench.events.all(.upstreamUp).first?.text("revision") == revision)
            }
            let call = try #require(server.requests(Method.toolsCall).first)
            #expect(call.head.headers["mcp-protocol-version"] == (revision == "2025-06-18" ? [revision] : []))
            #expect(call.head.headers["mcp-session-id"].isEmpty)
        }
    }

    @Test("a session that the upstream forgot is replaced silently, and the call runs once")
    func forgotten() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant], loops: 2) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for round in 1...3 {
                    server.record.forgetSessions()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<20 { group.addTask { _ = try await bench.answer("echo", #"{"text":"a"}"#, of: tenant) } }
                        try await group.waitForAll()
                    }
                    #expect(server.record.calls(of: "echo") == 20 * round)
                    #expect(server.record.sessions == 1, "all calls share one repair")
                }
                #expect(bench.events.all(.upstreamDown).isEmpty)
            }
        }
    }

    @Test("a session that is refused again leaves the call undispatched")
    func refusedAgain() async throws {
        try await ScriptedServer.run({ request in
            request.method == Method.toolsCall ? [.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")] : nil
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let failure = try await bench.failure("t", of: tenant)
                #expect(failure.label == "not_dispatched" && server.requests(Method.toolsCall).count == 2)
            }
        }
    }

    @Test("a call whose session cannot be looked up is refused as the store's failure, and nothing was sent")
    func storeAway() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url], sessions: .dedicated)
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                bench.cluster.sessions.set(isAway: true)
                let failure = try await bench.failure("echo", of: tenant)
                #expect(failure.label == "store_unavailable" && !failure.mayHaveRun)
                bench.cluster.sessions.set(isAway: false)
                _ = try await bench.answer("echo", #"{"text":"a"}"#, of: tenant)
                #expect(server.record.calls(of: "echo") == 1)
            }
        }
    }

    @Test("a restarted upstream is found again by the first call to it")
    func restarted() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                server.record.mode = .reset
                let failure = try await bench.failure("echo", of: tenant)
                #expect(failure.mayHaveRun)
                server.record.mode = .normal
                server.record.forgetSessions()
                _ = try await bench.answer("echo", #"{"text":"a"}"#, of: tenant)
            }
        }
    }

    @Test(
        "a handshake that cannot be right leaves the upstream down with a reason",
        arguments: [
            (#"{"protocolVersion":"1999-01-01"}"#, "s", "speaks no protocol revision in common"),
            (#"{"nothing":true}"#, "s", "speaks no protocol revision in common"),
            (ScriptedServer.initializeResult, "a b", "unusable session id"),
        ])
    func badHandshake(_ result: String, _ session: String, _ reason: String) async throws {
        try await ScriptedServer.run({ request in
            request.method == Method.initialize ? [.send(ScriptedServer.json(request.id, result: result, session: session))] : nil
        }) { _, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                #expect(await bench.catalogues.catalogue(of: tenant).missing.map(\.text) == ["one"])
                #expect(bench.events.all(.upstreamDown).first?.text("reason") == reason)
            }
        }
    }

    @Test(
        "headers and URLs that cannot be sent as they are leave the upstream down",
        arguments: [
            ["Host": "elsewhere"], ["Content-Length": "1"], ["X-A": "b\r\nX-C: d"], ["X A": "b"], ["Mcp-Session-Id": "x"], ["": "x"],
        ])
    func badHeaders(_ headers: [String: String]) async throws {
        try await ScriptedServer.run { server, url in
            let tenant = try Tenant.of(["one": url], headers: headers)
            try await Workbench.run([tenant]) { bench in
                #expect(await bench.catalogues.catalogue(of: tenant).missing.map(\.text) == ["one"])
            }
            #expect(server.requests.isEmpty)
        }
    }
}
