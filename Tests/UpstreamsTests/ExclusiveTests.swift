import Events
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Upstreams

@Suite("Upstream sessions of agents without a session")
struct ExclusiveTests {
    /// What the script of a server with one stream beside its answers needs to know.
    private final class Stage: Sendable {
        let calls = Atomic(0)
        let answers = Atomic(0)
        let isOver = Atomic(false)
        let asks: Bool

        init(asks: Bool = true) { self.asks = asks }

        /// Asks for roots, and logs, on the stream of a GET as soon as a call has come, and answers that call when it has the roots.
        func script(_ request: ScriptedServer.Request) -> [ScriptedServer.Step]? {
            switch (request.head.method, request.method) {
            case (.GET, _):
                let log = #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"x"}}"#
                let ask = #"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#
                return [
                    .send(ScriptedServer.chunkedHead), .until { self.asks && self.calls.load(ordering: .relaxed) > 0 },
                    .send(ScriptedServer.chunk("data: \(log)\n\ndata: \(ask)\n\n")), .until { self.isOver.load(ordering: .relaxed) },
                ]
            case (_, Method.initialize):
                let result = ScriptedServer.initializeResult.replacing(#""tools":{}"#, with: #""tools":{},"logging":{}"#)
                return [.send(ScriptedServer.json(request.id, result: result, session: "s-\(request.count)"))]
            case (_, "response"), (_, "ping"):
                answers.add(1, ordering: .relaxed)
                return nil
            case (_, Method.toolsCall):
                calls.add(1, ordering: .relaxed)
                return [
                    .until { self.answers.load(ordering: .relaxed) > 0 },
                    .send(ScriptedServer.json(request.id, result: #"{"content":[]}"#)),
                ]
            case (_, Method.setLevel): return [.send(ScriptedServer.json(request.id, result: "{}"))]
            default: return nil
            }
        }
    }

    private func caller(_ capabilities: String = #"{"roots":{}}"#, level: LogLevel? = nil, session: SessionID = SessionID()) throws
        -> Caller
    {
        let profile = try #require(ClientProfile(info: nil, capabilities: Array(capabilities.utf8)))
        return Caller(session: session, profile: profile, logLevel: level, isStateless: true)
    }

    @Test("what the upstream says beside the answer belongs to the call, and its stream is open before the call is sent")
    func heard() async throws {
        let stage = Stage()
        try await ScriptedServer.run({ stage.script($0) }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let caller = try caller(level: .warning)
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let exchange = try await bench.forward("t", of: tenant, as: caller)
                guard case .log(let log)? = try await exchange.next() else { throw Unexpected(text: "no log") }
                #expect(log.loggedLevel == .error)
                guard case .asked(let question)? = try await exchange.next() else { throw Unexpected(text: "no question") }
                #expect(question.method == Method.rootsList && question.id?.description == "\"q\"")
                exchange.respond(Array(#"{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}"#.utf8))
                guard case .answer? = try await exchange.next() else { throw Unexpected(text: "no answer") }
                #expect(exchange.hasStarted)
                #expect(try await exchange.next() == nil)
                let again = try await bench.forward("t", of: tenant, as: caller)
                guard case .answer? = try await again.next() else { throw Unexpected(text: "no answer") }
                #expect(server.requests(Method.initialize).count == 2, "one to discover, one for both calls")
            }
            stage.isOver.store(true, ordering: .relaxed)
            let order = server.requests.filter { $0.head.headers["mcp-session-id"] == ["s-2"] }
            let stream = try #require(order.firstIndex { $0.head.method == .GET })
            let call = try #require(order.firstIndex { $0.method == Method.toolsCall })
            #expect(stream < call)
            let levels = server.requests(Method.setLevel)
            #expect(levels.count == 1 && levels.first?.message?.paramText("level") == "warning")
            // Its answer is not waited for when the gateway's side ends.
            try await eventually("its session is ended") {
                server.requests.contains { $0.head.method == .DELETE && $0.head.headers["mcp-session-id"] == ["s-2"] }
            }
        }
    }

    @Test("calls at the same time run in sessions of their own; one that is given up takes its session with it")
    func apart() async throws {
        let stage = Stage(asks: false)
        try await ScriptedServer.run({ stage.script($0) }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let caller = try caller()
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let first = try await bench.forward("t", of: tenant, as: caller)
                let second = try await bench.forward("t", of: tenant, as: caller)
                try await eventually("both run") { stage.calls.load(ordering: .relaxed) == 2 }
                let calls = server.requests(Method.toolsCall).flatMap { $0.head.headers["mcp-session-id"] }
                #expect(Set(calls).count == 2)
                first.cancel()
                try await eventually("the upstream is told") { !server.requests(Method.cancelled).isEmpty }
                try await eventually("its session ends") { server.requests.contains { $0.head.method == .DELETE } }
                stage.answers.add(1, ordering: .relaxed)
                while let item = try await second.next() { if case .answer = item { break } }
                stage.isOver.store(true, ordering: .relaxed)
            }
        }
    }

    @Test("no more are open than the document allows; an agent that can do nothing shares one for all its calls")
    func bounds() async throws {
        let stage = Stage()
        try await ScriptedServer.run({ stage.script($0) }) { server, url in
            var limits = UpstreamDocument.Limits()
            limits.sessions = 1
            let tenant = try Tenant.of(["one": url], sessions: .dedicated, limits: limits)
            let (caller, simple) = (try caller(), try caller("{}"))
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let first = try await bench.forward("t", of: tenant, as: caller)
                await #expect(throws: UpstreamFailure.self) { _ = try await bench.forward("t", of: tenant, as: caller) }
                stage.answers.add(1, ordering: .relaxed)
                while let item = try await first.next() { if case .answer = item { break } }
                for _ in 0..<2 {
                    let exchange = try await bench.forward("t", of: tenant, as: simple)
                    guard case .answer? = try await exchange.next() else { throw Unexpected(text: "no answer") }
                }
                stage.isOver.store(true, ordering: .relaxed)
            }
            #expect(server.requests(Method.initialize).count == 3, "discovery, the one that can be asked, the one that cannot")
        }
    }

    @Test("a session that the upstream forgot is replaced, and the call runs once")
    func forgotten() async throws {
        let stage = Stage()
        stage.answers.store(1, ordering: .relaxed)
        let isForgotten = Atomic(false)
        try await ScriptedServer.run({ request in
            let isOld = request.head.headers["mcp-session-id"] == ["s-2"]
            guard isOld, isForgotten.load(ordering: .relaxed) else { return stage.script(request) }
            return [.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
        }) { server, url in
            let tenant = try Tenant.of(["one": url], sessions: .dedicated)
            let caller = try caller()
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for _ in 0..<2 {
                    let exchange = try await bench.forward("t", of: tenant, as: caller)
                    while let item = try await exchange.next() { if case .answer = item { break } }
                    isForgotten.store(true, ordering: .relaxed)
                }
                stage.isOver.store(true, ordering: .relaxed)
            }
            #expect(server.requests(Method.initialize).count == 3)
            #expect(stage.calls.load(ordering: .relaxed) == 2)
        }
    }
}
