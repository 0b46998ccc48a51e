import Events
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Upstreams

@Suite("Ears of agents' own upstream sessions")
struct EarTests {
    /// A server that says these messages on each stream beside its answers, once a call has come.
    private final class Stage: Sendable {
        let hasCalled = Atomic(false)
        let isOver = Atomic(false)
        let messages: [String]

        init(_ messages: [String]) { self.messages = messages }

        func script(_ request: ScriptedServer.Request) -> [ScriptedServer.Step]? {
            switch (request.head.method, request.method) {
            case (.GET, _) where request.head.headers["mcp-session-id"] != ["s-1"]:
                let events = messages.enumerated().map { ScriptedServer.event("e\($0.offset)", $0.element) }.joined()
                // An empty chunk would end the stream.
                let said: [ScriptedServer.Step] = events.isEmpty ? [] : [.send(ScriptedServer.chunk(events))]
                return [.send(ScriptedServer.chunkedHead), .until { self.hasCalled.load(ordering: .relaxed) }] + said + [
                    .until { self.isOver.load(ordering: .relaxed) }, .close,
                ]
            case (_, Method.toolsCall):
                hasCalled.store(true, ordering: .relaxed)
                return nil
            default: return nil
            }
        }
    }

    private func caller(_ session: SessionID = SessionID()) throws -> Caller {
        Caller(session: session, profile: try #require(ClientProfile(info: nil, capabilities: Array(#"{"roots":{}}"#.utf8))))
    }

    private func streams(_ server: ScriptedServer) -> [ScriptedServer.Request] {
        server.requests.filter { $0.head.method == .GET && $0.head.headers["mcp-session-id"] != ["s-1"] }
    }

    private func call(_ bench: Workbench, _ tenant: Tenant, _ caller: Caller) async throws {
        try await bench.onLoop { bench in
            let exchange = try await bench.forward("t", of: tenant, as: caller)
            while let item = try await exchange.next() { if case .answer = item { break } }
        }
    }

    @Test("what is for the agent is passed on, the rest is answered or ignored; the stream is there before the call")
    func heard() async throws {
        let stage = Stage([
            #"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#, #"{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{}}"#,
            #"{"jsonrpc":"2.0","id":3,"method":"ping"}"#, #"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
            #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b"}}"#,
        ])
        try await ScriptedServer.run({ stage.script($0) }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let caller = try caller()
            try await Workbench.run([tenant]) { bench in
                let heard = Mutex<[Overheard]>([])
                bench.catalogues.onMessage { overheard in heard.withLock { $0.append(overheard) } }
                _ = await bench.catalogues.catalogue(of: tenant)
                for _ in 0..<2 { try await call(bench, tenant, caller) }
                try await eventually("it is heard") { heard.withLock { $0.count } == 2 }
                let found = heard.withLock { $0 }
                #expect(found.map(\.message.method) == [Method.rootsList, Method.resourceUpdated])
                #expect(found.allSatisfy { $0.session == caller.session && $0.upstream.text == "one" && $0.tenant == tenant.name })
                found.first?.respond(Array(#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#.utf8))
                try await eventually("all requests are answered") { server.requests("response").count == 3 }
                let answers = server.requests("response").map { String(decoding: $0.body, as: UTF8.self) }
                #expect(answers.contains { $0.contains(#""id":2"#) && $0.contains("-32601") })
                #expect(answers.contains { $0.contains(#""id":3"#) && $0.contains(#""result":{}"#) })
                #expect(streams(server).count == 1)
                stage.isOver.store(true, ordering: .relaxed)
                try await eventually("it goes on where it was") {
                    streams(server).dropFirst().first?.head.headers["last-event-id"] == ["e4"]
                }
                await bench.catalogues.ended(caller.session, of: tenant.name)
            }
            let order = server.requests.filter { $0.head.headers["mcp-session-id"] == ["s-2"] }
            let stream = try #require(order.firstIndex { $0.head.method == .GET })
            #expect(stream < (order.firstIndex { $0.method == Method.toolsCall } ?? 0))
        }
    }

    @Test("one node listens for all; another takes over when that is lost and it has a call")
    func takeover() async throws {
        let stage = Stage([])
        try await ScriptedServer.run({ stage.script($0) }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let cluster = Cluster()
            let caller = try caller()
            try await Workbench.run([tenant], in: cluster) { first in
                try await Workbench.run([tenant], in: cluster) { second in
                    for bench in [first, second, first, second] {
                        _ = await bench.catalogues.catalogue(of: tenant)
                        try await call(bench, tenant, caller)
                    }
                    #expect(streams(server).count == 1)
                    cluster.lose(first.node)
                    try await call(second, tenant, caller)
                    #expect(streams(server).count == 2)
                    let sessions = Set(streams(server).flatMap { $0.head.headers["mcp-session-id"] })
                    #expect(sessions.count == 1, "the same session")
                }
            }
        }
    }

    @Test("an agent that can do nothing has no ear")
    func deaf() async throws {
        let stage = Stage([])
        try await ScriptedServer.run({ stage.script($0) }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let profile = try #require(ClientProfile(info: nil, capabilities: Array("{}".utf8)))
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                try await call(bench, tenant, Caller(session: SessionID(), profile: profile))
                #expect(streams(server).isEmpty)
            }
        }
    }

    @Test("a resource is watched in the agent's own session, and again in the one that replaces it")
    func watches() async throws {
        let stage = Stage([])
        let isForgotten = Atomic(false)
        try await ScriptedServer.run({ request in
            if request.head.headers["mcp-session-id"] == ["s-2"], isForgotten.load(ordering: .relaxed) {
                return [.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
            }
            switch request.method {
            case Method.initialize:
                let result = ScriptedServer.initializeResult.replacing(#""tools":{}"#, with: #""tools":{},"resources":{"subscribe":true}"#)
                return [.send(ScriptedServer.json(request.id, result: result, session: "s-\(request.count)"))]
            case Method.subscribe, Method.unsubscribe: return [.send(ScriptedServer.json(request.id, result: "{}"))]
            default: return stage.script(request)
            }
        }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let profile = try #require(ClientProfile(info: nil, capabilities: Array("{}".utf8)))
            let caller = Caller(session: SessionID(), profile: profile)
            let target = Target(upstream: try #require(UpstreamName("one")), tool: "a:b")
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let answer = try await bench.catalogues.watch(target, true, of: tenant, for: caller, deadline: .now() + .seconds(15))
                #expect(answer?.kind == .result(isError: false))
                #expect(streams(server).count == 1)
                let asked = try #require(server.requests(Method.subscribe).first)
                #expect(asked.message?.paramText("uri") == "a:b" && asked.head.headers["mcp-session-id"] == ["s-2"])
                isForgotten.store(true, ordering: .relaxed)
                try await call(bench, tenant, caller)
                try await eventually("it is told anew") { server.requests(Method.subscribe).count == 2 }
                #expect(server.requests(Method.subscribe).last?.head.headers["mcp-session-id"] == ["s-3"])
                _ = try await bench.catalogues.watch(target, false, of: tenant, for: caller, deadline: .now() + .seconds(15))
                #expect(server.requests(Method.unsubscribe).count == 1)
                #expect(try await bench.cluster.sessions.watched(by: caller.session, of: tenant.name) == [:])
            }
        }
    }

    @Test("without a handshake all that is watched is asked for on one stream, and told to each who watches it")
    func watchesModern() async throws {
        let touched = Atomic(0)
        try await ScriptedServer.run({ request in
            switch request.method {
            case Method.discover:
                let result = ScriptedServer.discovery().replacing(#""tools":"#, with: #""resources":{"subscribe":true},"tools":"#)
                return [.send(ScriptedServer.json(request.id, result: result))]
            case Method.listen where String(decoding: request.body, as: UTF8.self).contains("resourceSubscriptions"):
                let meta = #""_meta":{"io.modelcontextprotocol/subscriptionId":\#(request.id)}"#
                let agreed =
                    #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{\#(meta),"notifications":{"resourceSubscriptions":["a:b"]}}}"#
                let updated = #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{\#(meta),"uri":"a:b"}}"#
                return [
                    .send(ScriptedServer.chunkedHead + ScriptedServer.chunk("data: \(agreed)\n\n")),
                    .until { touched.load(ordering: .relaxed) > 0 }, .send(ScriptedServer.chunk("data: \(updated)\n\n")),
                    .until { touched.load(ordering: .relaxed) > 1 }, .close,
                ]
            default: return ScriptedServer.modern(request)
            }
        }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let target = Target(upstream: try #require(UpstreamName("one")), tool: "a:b")
            let agents = [Caller(session: SessionID()), Caller(session: SessionID(), isStateless: true)]
            try await Workbench.run([tenant]) { bench in
                let heard = Mutex<[Overheard]>([])
                bench.catalogues.onMessage { overheard in heard.withLock { $0.append(overheard) } }
                _ = await bench.catalogues.catalogue(of: tenant)
                for agent in agents {
                    let answer = try await bench.catalogues.watch(target, true, of: tenant, for: agent, deadline: .now() + .seconds(15))
                    #expect(answer == nil)
                }
                touched.store(1, ordering: .relaxed)
                try await eventually("both are told") { Set(heard.withLock { $0.map(\.session) }) == Set(agents.map(\.session)) }
                for agent in agents {
                    _ = try await bench.catalogues.watch(target, false, of: tenant, for: agent, deadline: .now() + .seconds(15))
                }
                touched.store(2, ordering: .relaxed)
            }
        }
    }
}
