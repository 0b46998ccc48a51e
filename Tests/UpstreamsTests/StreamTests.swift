import Demo
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Answers as event streams")
struct StreamTests {
    /// What a call with progress token `"agent"` hears when the upstream sends these pieces as its event stream.
    private func items(_ steps: @escaping @Sendable (_ id: String) -> [ScriptedServer.Step]) async throws -> (
        items: [String], failure: String?
    ) {
        let found = Box<(items: [String], failure: String?)>()
        try await ScriptedServer.run({ $0.method == Method.toolsCall ? steps($0.id) : nil }) { _, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                var items: [String] = []
                do {
                    let exchange = try await bench.forward("t", of: tenant, progressToken: #""agent""#)
                    while let item = try await exchange.next() {
                        switch item {
                        case .progress(let bytes): items.append(String(decoding: bytes, as: UTF8.self))
                        case .log(let message): items.append(String(decoding: message.bytes, as: UTF8.self))
                        case .asked(let question): items.append("asked \(question.method ?? "")")
                        case .elicited(let message): items.append("elicited \(message.paramText("elicitationId") ?? "")")
                        case .withdrawn(let message): items.append("withdrawn \(message.cancelledRequest?.description ?? "")")
                        case .answer(let answer): items.append("answer \(answer.id?.number == nil ? "?" : "ours")")
                        }
                    }
                    found.value = (items, nil)
                } catch {
                    found.value = (items, (error as? UpstreamFailure)?.reason ?? "\(error)")
                }
            }
        }
        return try #require(found.value)
    }

    private static func progress(_ token: String, _ value: Int) -> String {
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(token),"progress":\#(value)}}"#
    }

    private static func answer(_ id: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[]}}"# }

    @Test("progress of this call carries the agent's token again; all else but the answer is dropped")
    func progressRestored() async throws {
        let heard = try await items { id in
            let events = [
                "id: 1\ndata: \n\n", ": comment\n\n", "retry: 10\n\n", "data: \(Self.progress(id, 1))\n\n",
                "data: \(Self.progress("999", 7))\n\n",
                "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":1}}\n\n",
                "event: other\ndata: not for us\n\n", "data: \(Self.answer("4711"))\n\n", "data: \(Self.answer("\"\(id)\""))\n\n",
                "event: message\ndata: \(Self.progress(id, 2))\n\n", "data: \(Self.answer(id))\n\n",
            ]
            return [.send(ScriptedServer.chunkedHead + ScriptedServer.chunk(events.joined())), .send("0\r\n\r\n")]
        }
        #expect(heard.failure == nil)
        #expect(heard.items == [Self.progress(#""agent""#, 1), Self.progress(#""agent""#, 2), "answer ours"])
    }

    @Test("the pieces in which a stream comes make no difference", arguments: [1, 2, 3, 7, 64])
    func oddPieces(_ size: Int) async throws {
        let heard = try await items { id in
            let text = "data: \(Self.progress(id, 1))\r\n\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata: \"id\":\(id),\"result\":{}}\r\n\r\n"
            let bytes = Array(text.utf8)
            let pieces = stride(from: 0, to: bytes.count, by: size).flatMap { start in
                [ScriptedServer.Step.bytes(Array(bytes[start..<min(bytes.count, start + size)])), .pause(start % 5 == 0 ? 1 : 0)]
            }
            return [.send(ScriptedServer.streamHead)] + pieces + [.close]
        }
        #expect(heard.items == [Self.progress(#""agent""#, 1), "answer ours"] && heard.failure == nil)
    }

    @Test("a stream that ends before the answer is broken")
    func endsEarly() async throws {
        let ended = try await items { id in
            [.send(ScriptedServer.chunkedHead + ScriptedServer.chunk("data: \(Self.progress(id, 1))\n\n") + "0\r\n\r\n")]
        }
        #expect(ended.items.count == 1 && ended.failure == "the response ended before the answer")
        let cut = try await items { id in
            [.send(ScriptedServer.chunkedHead + ScriptedServer.chunk("data: \(Self.progress(id, 1))\n\n")), .pause(20), .close]
        }
        #expect(cut.items.count == 1 && cut.failure != nil)
        let unfinished = try await items { id in [.send(ScriptedServer.streamHead + "data: \(Self.answer(id))\n"), .close] }
        #expect(unfinished.items.isEmpty && unfinished.failure == "the response ended before the answer")
    }

    @Test("a server's request in the stream is refused by a message of its own, its ping is answered")
    func serverRequests() async throws {
        try await ScriptedServer.run({ request in
            guard request.method == Method.toolsCall else { return nil }
            let asks = #"{"jsonrpc":"2.0","id":"s1","method":"sampling/createMessage","params":{}}"#
            let pings = #"{"jsonrpc":"2.0","id":2,"method":"ping"}"#
            return [
                .send(ScriptedServer.chunkedHead + ScriptedServer.chunk("data: \(asks)\n\ndata: \(pings)\n\n")), .pause(50),
                .send(ScriptedServer.chunk("data: \(Self.answer(request.id))\n\n") + "0\r\n\r\n"),
            ]
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                _ = try await bench.answer("t", of: tenant)
                try await eventually("both are answered") { server.requests("response").count == 2 }
                let answers = server.requests("response").map { String(decoding: $0.body, as: UTF8.self) }.sorted()
                #expect(answers[0].contains(#""id":"s1""#) && answers[0].contains("-32601"))
                #expect(answers[1].contains(#""id":2"#) && answers[1].contains(#""result":{}"#))
                #expect(server.requests("response").allSatisfy { $0.head.headers["mcp-session-id"] == ["s-1"] })
            }
        }
    }

    @Test("the connection of a stream that ended after its answer is used again")
    func streamReuse() async throws {
        var options = ToolServer.Options()
        options.streamsAnswers = true
        try await withServer(LightTools.all, options) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                for _ in 0..<50 { _ = try await bench.answer("echo", #"{"text":"a"}"#, of: tenant) }
            }
            #expect(server.record.connections <= 3, "one of them listens")
        }
    }

    @Test("a stream is read no faster than it is asked for")
    func backpressure() async throws {
        let chunk = ScriptedServer.chunk("data: \(Self.progress("0", 1))\n\n" + ": \(String(repeating: "x", count: 1 << 20))\n\n")
        try await ScriptedServer.run({ request in
            guard request.method == Method.toolsCall else { return nil }
            return [.send(ScriptedServer.chunkedHead + ScriptedServer.chunk("data: \(Self.progress(request.id, 1))\n\n"))]
                + Array(repeating: .send(chunk), count: 80)
                + [.send(ScriptedServer.chunk("data: \(Self.answer(request.id))\n\n") + "0\r\n\r\n")]
        }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let exchange = try await bench.forward("t", of: tenant, progressToken: "5", within: .seconds(20))
                guard case .progress = try await exchange.next() else { throw Unexpected(text: "no progress") }
                // The kernel takes some megabytes. That nothing more is read can only be seen by waiting a while.
                try await Task.sleep(for: .milliseconds(200))
                #expect(server.unsent > 8 << 20, "the rest of the stream still waits at the server")
                guard case .answer = try await exchange.next() else { throw Unexpected(text: "no answer") }
            }
        }
    }
}
