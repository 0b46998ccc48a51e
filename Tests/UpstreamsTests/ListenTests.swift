import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Listening to upstreams")
struct ListenTests {
    /// How listening to a server of this script ends, and what is heard.
    private func listening(
        limits: PoolLimits = PoolLimits(), _ script: @escaping ScriptedServer.Script,
        _ check: @escaping @Sendable (ScriptedServer) async throws -> Void = { _ in }
    ) async throws -> (end: Listening?, heard: [Notice], failure: String?) {
        let found = Box<(end: Listening?, heard: [Notice], failure: String?)>()
        try await ScriptedServer.run(script) { server, url in
            try await withTransport(url, limits: limits) { transport, lane in
                let session = try await transport.open(as: nil, remembering: nil, on: lane, before: .now() + .seconds(15))
                do {
                    let (end, heard) = try await session.listen(on: lane)
                    found.value = (end, heard, nil)
                } catch {
                    found.value = (nil, [], (error as? UpstreamFailure)?.reason)
                }
                try await check(server)
            }
        }
        return try #require(found.value)
    }

    private static let changed = #"data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"# + "\n\n"

    @Test("the stream of a session tells of changes; what the server asks on it is answered in the session")
    func stream() async throws {
        let ping = #"data: {"jsonrpc":"2.0","id":"p","method":"ping"}"# + "\n\n"
        let roots = #"data: {"jsonrpc":"2.0","id":9,"method":"roots/list"}"# + "\n\n"
        let result = try await listening({ request in
            guard request.head.method == .GET else { return nil }
            return [
                .send(ScriptedServer.streamHead + ": hello\n\n" + Self.changed + ping), .pause(20), .send(roots + Self.changed), .close,
            ]
        }) { server in
            try await eventually("both are answered") { server.requests("response").count == 2 }
            let get = try #require(server.requests.first { $0.head.method == .GET })
            #expect(get.head.headers["accept"] == ["text/event-stream"] && get.head.headers["mcp-session-id"] == ["s-1"])
            #expect(get.head.headers["mcp-protocol-version"] == ["2025-11-25"])
            let bodies = server.requests("response").map { String(decoding: $0.body, as: UTF8.self) }
            #expect(bodies.contains(#"{"jsonrpc":"2.0","id":"p","result":{}}"#))
            #expect(bodies.contains { $0.contains(#""id":9"#) && $0.contains("-32601") })
        }
        #expect(result.end == .ended && result.heard == [.connected, .toolsChanged, .toolsChanged])
    }

    @Test(
        "a server may offer no such stream",
        arguments: [
            "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 406 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n",
            ScriptedServer.response("{}"), "HTTP/1.1 204 No Content\r\n\r\n",
        ])
    func unsupported(_ response: String) async throws {
        let result = try await listening { $0.head.method == .GET ? [.send(response)] : nil }
        #expect(result.end == .unsupported && result.heard.isEmpty)
        let modern = try await listening { $0.method == Method.listen ? [.send(response)] : ScriptedServer.modern($0) }
        #expect(modern.end == .unsupported && modern.heard.isEmpty)
    }

    @Test("a server that is in no state to offer it is a failure", arguments: ["401", "503"])
    func refused(_ status: String) async throws {
        let response = "HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n"
        #expect(try await listening { $0.head.method == .GET ? [.send(response)] : nil }.failure == "HTTP \(status)")
        #expect(
            try await listening { $0.method == Method.listen ? [.send(response)] : ScriptedServer.modern($0) }.failure == "HTTP \(status)")
    }

    private static func tagged(_ method: String, _ id: String, _ more: String = "") -> String {
        "data: " + #"{"jsonrpc":"2.0","method":"\#(method)","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":\#(id)}\#(more)}}"#
            + "\n\n"
    }

    private func subscription(_ events: @escaping @Sendable (_ id: String) -> String) async throws -> (Listening?, [Notice]) {
        let result = try await listening { request in
            guard request.method == Method.listen else { return ScriptedServer.modern(request) }
            return [.send(ScriptedServer.chunkedHead + ScriptedServer.chunk(events(request.id))), .pause(5), .send("0\r\n\r\n")]
        }
        return (result.end, result.heard)
    }

    @Test("a subscription tells of changes, tagged with its own number, until it ends")
    func subscribed() async throws {
        let granted = #","notifications":{"toolsListChanged":true}"#
        let (end, heard) = try await subscription { id in
            Self.tagged(Method.acknowledged, id, granted) + ": still here\n\n" + Self.tagged(Method.toolsListChanged, "4711") + Self.changed
                + Self.tagged(Method.toolsListChanged, id) + Self.tagged("notifications/prompts/list_changed", id)
                + #"data: {"jsonrpc":"2.0","id":\#(id),"result":{"resultType":"complete"}}"# + "\n\n"
        }
        #expect(end == .ended && heard == [.connected, .toolsChanged, .promptsChanged])
        let cut = try await subscription { Self.tagged(Method.acknowledged, $0, granted) }
        #expect(cut == (.ended, [.connected]))
    }

    @Test("a subscription that will not tell of tools is none")
    func notGranted() async throws {
        #expect(try await subscription { Self.tagged(Method.acknowledged, $0, #","notifications":{}"#) } == (.unsupported, []))
        #expect(
            try await subscription { #"data: {"jsonrpc":"2.0","id":\#($0),"error":{"code":-32601,"message":"no"}}"# + "\n\n" }
                == (.unsupported, []))
    }

    @Test("listening takes no connection from calls, and ends when its task does")
    func apart() async throws {
        var limits = PoolLimits()
        limits.connections = 1
        try await ScriptedServer.run({ $0.head.method == .GET ? [.send(ScriptedServer.chunkedHead)] : nil }) { server, url in
            try await withTransport(url, limits: limits) { transport, lane in
                let session = try await transport.open(as: nil, remembering: nil, on: lane, before: .now() + .seconds(15))
                let heard = Box<Notice>()
                let task = Task(executorPreference: lane.executor) { try await session.listen(on: lane) { heard.value = $0 } }
                try await eventually("it listens") { heard.value == .connected }
                for _ in 0..<3 { #expect(try await session.answer(on: lane) != nil) }
                #expect(server.connections == 2)
                task.cancel()
                #expect(try await task.value == .ended)
                try await eventually("the stream's connection is closed") { server.open == 1 }
            }
        }
    }

    @Test("a response that may be silent for so long outlives its deadline, and no longer silence")
    func silence() async throws {
        try await ScriptedServer.run({ request in
            guard request.head.method == .GET else { return nil }
            let comments = (0..<8).flatMap { _ in [ScriptedServer.Step.pause(100), .send(": still here\n\n")] }
            return [.send(ScriptedServer.streamHead)] + comments + [.send(Self.changed)]
        }) { _, url in
            try await withTransport(url) { transport, lane in
                let head = transport.link.endpoint.prepared(method: .get)
                let begun = NIODeadline.now()
                let request = LinkRequest(head: head, silence: .milliseconds(700))
                guard case .answered(let stream, _) = try await transport.link.ask(request, on: lane, before: begun + .milliseconds(500))
                else {
                    throw Unexpected(text: "no stream")
                }
                let message = try await stream.next()
                #expect(message?.method == Method.toolsListChanged && .now() - begun >= .milliseconds(800))
                do throws(HTTPFailure) {
                    _ = try await stream.next()
                    throw .broken(.endedEarly)
                } catch {
                    #expect(error == .timedOut)
                }
            }
        }
    }
}
