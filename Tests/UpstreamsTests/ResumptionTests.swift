import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Going on with a call's event stream")
struct ResumptionTests {
    /// What a call comes to whose POST and GETs are answered by this script, and the GETs' `Last-Event-ID`.
    private func outcome(
        within time: TimeAmount = .seconds(15),
        _ script: @escaping @Sendable (ScriptedServer.Request, _ call: String) -> [ScriptedServer.Step]
    ) async throws -> (outcome: String, resumed: [String], calls: Int, cancelled: Int) {
        let found = Box<(outcome: String, resumed: [String], calls: Int, cancelled: Int)>()
        let call = Box<String>()
        try await ScriptedServer.run({ request in
            if request.method == Method.toolsCall { call.value = request.id }
            return request.method == Method.toolsCall || request.head.method == .GET ? script(request, call.value ?? "") : nil
        }) { server, url in
            try await withTransport(url) { transport, lane in
                let session = try await transport.open(as: nil, remembering: nil, on: lane, before: .now() + .seconds(15))
                var items: [String] = []
                do {
                    let exchange = try await session.exchange(meta: #"{"progressToken":"p"}"#, on: lane, within: time)
                    while let item = try await exchange?.next() {
                        if case .answer = item { items.append("answer") } else { items.append("progress") }
                    }
                } catch {
                    items.append((error as? UpstreamFailure)?.reason ?? "\(error)")
                }
                if items.last == "timed out" { try await eventually("it is told") { server.requests(Method.cancelled).count == 1 } }
                let gets = server.requests.filter { $0.head.method == .GET }
                for get in gets { #expect(get.head.headers["mcp-session-id"] == ["s-1"]) }
                found.value = (
                    items.joined(separator: " "), gets.flatMap { $0.head.headers["last-event-id"] },
                    server.requests(Method.toolsCall).count, server.requests(Method.cancelled).count
                )
            }
        }
        return try #require(found.value)
    }

    private static func progress(_ id: String) -> String {
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(id),"progress":1}}"#
    }
    private static func answer(_ id: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[]}}"# }

    @Test("a stream that the server closes for a while is gone on with where it ended, when the server says, as often as it takes")
    func polling() async throws {
        let begun = ContinuousClock.now
        let result = try await outcome { request, id in
            switch request.head.headers["last-event-id"].first {
            case nil:
                [
                    .send(ScriptedServer.chunkedHead + ScriptedServer.chunk("retry: 60\n\n" + ScriptedServer.event("e0"))),
                    .send("0\r\n\r\n"),
                ]
            case "e0": [.send(ScriptedServer.streamHead + ScriptedServer.event("e1", Self.progress(id)) + "id: e9\ndata: half"), .close]
            case "e1": [.send(ScriptedServer.streamHead), .close]
            default: []
            }
        } withFinal: { request, id in
            [.send(ScriptedServer.streamHead + ScriptedServer.event("e2", Self.answer(id))), .close]
        }
        #expect(result.outcome == "progress answer" && result.calls == 1)
        #expect(result.resumed == ["e0", "e1", "e1"], "an event that was cut is not taken for seen")
        #expect(ContinuousClock.now - begun >= .milliseconds(180))
    }

    private func outcome(
        _ script: @escaping @Sendable (ScriptedServer.Request, _ call: String) -> [ScriptedServer.Step],
        withFinal final: @escaping @Sendable (ScriptedServer.Request, _ call: String) -> [ScriptedServer.Step]
    ) async throws -> (outcome: String, resumed: [String], calls: Int, cancelled: Int) {
        let gets = Box<Int>()
        return try await outcome { request, id in
            if request.head.method == .GET { gets.value = (gets.value ?? 0) + 1 }
            return gets.value == 3 ? final(request, id) : script(request, id)
        }
    }

    @Test("a connection that breaks is replaced by another, and the call is not sent again", arguments: [false, true])
    func broken(_ resets: Bool) async throws {
        let result = try await outcome { request, id in
            guard request.head.method == .GET else {
                let start = ScriptedServer.chunkedHead + ScriptedServer.chunk("retry: 1\n" + ScriptedServer.event("e0", Self.progress(id)))
                return [.send(start), .pause(20), resets ? .reset : .close]
            }
            return [
                .send(ScriptedServer.chunkedHead + ScriptedServer.chunk(ScriptedServer.event("e1", Self.answer(id)))), .send("0\r\n\r\n"),
            ]
        }
        #expect(result.outcome == "progress answer" && result.resumed == ["e0"] && result.calls == 1)
    }

    @Test("one that fails while it is opened is tried again")
    func brokenTwice() async throws {
        let gets = Box<Int>()
        let result = try await outcome { request, id in
            guard request.head.method == .GET else {
                return [.send(ScriptedServer.streamHead + "retry: 1\n" + ScriptedServer.event("e0")), .close]
            }
            gets.value = (gets.value ?? 0) + 1
            return gets.value == 1 ? [.close] : [.send(ScriptedServer.streamHead + ScriptedServer.event("e1", Self.answer(id))), .close]
        }
        #expect(result.outcome == "answer" && result.resumed == ["e0", "e0"] && result.calls == 1)
    }

    @Test("without an event's id, or where the server offers none of it, the call is broken")
    func notOffered() async throws {
        let without = try await outcome { _, id in [.send(ScriptedServer.streamHead + "data: \(Self.progress(id))\n\n"), .close] }
        #expect(without.outcome == "progress the response ended before the answer" && without.resumed.isEmpty)
        let refused = try await outcome { request, _ in
            request.head.method == .GET
                ? [.send("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")]
                : [.send(ScriptedServer.streamHead + "retry: 1\n" + ScriptedServer.event("e0")), .close]
        }
        #expect(refused.outcome == "the response ended before the answer" && refused.resumed == ["e0"])
        let garbled = try await outcome { _, _ in [.send(ScriptedServer.streamHead + ScriptedServer.event("e0", "nonsense")), .close] }
        #expect(garbled.outcome == "unreadable HTTP response" && garbled.resumed.isEmpty)
    }

    @Test("nothing of it outlives the call's deadline, at which the upstream is told")
    func deadline() async throws {
        let result = try await outcome(within: .milliseconds(400)) { _, _ in
            [.send(ScriptedServer.streamHead + "retry: 50\n" + ScriptedServer.event("e0")), .close]
        }
        #expect(result.outcome == "timed out" && result.calls == 1 && result.cancelled == 1 && !result.resumed.isEmpty)
        let waiting = try await outcome(within: .milliseconds(100)) { _, _ in
            [.send(ScriptedServer.streamHead + "retry: 9000\n" + ScriptedServer.event("e0")), .close]
        }
        #expect(waiting.outcome == "timed out" && waiting.resumed.isEmpty && waiting.cancelled == 1)
    }
}
