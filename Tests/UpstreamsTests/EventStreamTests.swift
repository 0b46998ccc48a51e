import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Upstreams over HTTP+SSE")
struct EventStreamTests {
    /// Runs the body with a server, and a transport to it.
    private func run(body: @escaping @Sendable (TransportBench) async throws -> Void) async throws {
        let port = try LoopbackPorts.free()
        let command = LineServer.command("sse", "\(port)")
        let server = try ChildProcess(command, log: "/dev/null")
        defer { server.kill() }
        let endpoint = try #require(Endpoint(url: "http://127.0.0.1:\(port)/sse", headers: ["X-Key": "k"], agent: "test"))
        try await TransportBench.run(EventStreamTransport(endpoint, version: "0")) { bench in
            // Until the server listens.
            try await eventually("it listens") {
                do { return try await bench.isReachable() } catch UpstreamFailure.notDispatched { return false }
            }
            try await body(bench)
        }
    }

    @Test("tools are listed and called, from any lane")
    func callsTools() async throws {
        try await run { bench in
            let session = try await bench.open()
            #expect(session.terms.revision == "2025-06-18" && session.terms.transport == .sse && session.server == "lines 1")
            #expect(try await bench.tools(of: session) == ["echo"])
            let texts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<12 {
                    let lane = number % 2
                    group.addTask(executorPreference: bench.lanes[lane].executor) {
                        (number, try await bench.text("echo", #"{"text":"n\#(number)"}"#, in: session, lane: lane))
                    }
                }
                return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
            }
            #expect(texts == Dictionary(uniqueKeysWithValues: (0..<12).map { ($0, "n\($0)") }))
            #expect(try await bench.text("big", #"{"bytes":1048576}"#, in: session).utf8.count == 1_048_576)
        }
    }

    @Test("a tenant's calls reach it where the document leaves the transport open")
    func ofTenant() async throws {
        let port = try LoopbackPorts.free()
        let server = try ChildProcess(LineServer.command("sse", "\(port)"), log: "/dev/null")
        defer { server.kill() }
        let document = UpstreamDocument(name: try #require(UpstreamName("one")), place: .url("http://127.0.0.1:\(port)/sse"))
        let tenant = Tenant(name: try #require(TenantName("acme")), upstreams: [document], tariff: Tariff(base: .zero))
        try await Workbench.run([tenant]) { bench in
            try await eventually("it is up") { await bench.catalogues.catalogue(of: tenant).entries.map(\.shownName) == ["echo"] }
            #expect(try await bench.answer("echo", #"{"text":"a"}"#, of: tenant).firstText == "a")
            #expect(try await bench.failure("hangup", of: tenant).reason == "the event stream ended")
            try await eventually("it is up again") { (try? await bench.answer("echo", of: tenant)) != nil }
        }
    }

    @Test("progress goes to its call, and what the upstream asks is answered")
    func backchannel() async throws {
        try await run { bench in
            let session = try await bench.open()
            #expect(try await bench.items("progress", in: session, progressToken: "7")?.count == 4)
            let text = try await bench.text("ask", in: session)
            #expect(text.contains(#""result": {}"#) && text.contains("-32601"))
        }
    }

    @Test("changes of its tools are told")
    func changes() async throws {
        try await run { bench in
            let session = try await bench.open()
            let heard = Box<[Notice]>()
            heard.value = []
            async let listening = session.listen(on: bench.lanes[0]) { notice in heard.value?.append(notice) }
            try await eventually("connected") { heard.value == [.connected] }
            _ = try await bench.text("change", in: session)
            try await eventually("changed") { heard.value == [.connected, .toolsChanged] }
            session.close(on: bench.lanes[0])
            #expect(try await listening == .ended)
            #expect(try await bench.exchange("echo", in: session) == nil)
        }
    }

    @Test("the end of the stream fails what is in progress and ends the session; another is opened at once")
    func streamLost() async throws {
        try await run { bench in
            let session = try await bench.open()
            let slow = try #require(await bench.exchange("sleep", #"{"seconds":60}"#, in: session))
            let failure = try await bench.failure("hangup", in: session)
            #expect(failure.mayHaveRun && failure.reason == "the event stream ended")
            await #expect(throws: UpstreamFailure.self) { _ = try await slow.next() }
            #expect(try await bench.exchange("echo", in: session) == nil)
            #expect(try await bench.text("echo", #"{"text":"again"}"#, in: try await bench.open()) == "again")
        }
    }

    @Test("a call that nobody waits for is cancelled")
    func cancels() async throws {
        try await run { bench in
            let session = try await bench.open()
            for _ in 0..<10 { _ = try await bench.exchange("silence", in: session) }
            try await eventually("all are cancelled") { try await bench.text("cancelled", in: session).split(separator: ",").count == 10 }
        }
    }

    @Test(
        "an endpoint of another origin is not followed",
        arguments: ["http://127.0.0.1:1/messages", "//localhost/messages", "https://127.0.0.1/messages", "file:///etc/passwd", "ftp:x", ""])
    func otherOrigin(_ target: String) async throws {
        try await expect(failure: "endpoint of another origin", of: "\(ScriptedServer.streamHead)event: endpoint\ndata: \(target)\n\n")
    }

    @Test("what is no event stream is told apart")
    func noStream() async throws {
        for (response, reason) in [
            ("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", "HTTP 405"),
            ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "no event stream"),
            ("\(ScriptedServer.streamHead)data: {}\n\n", "the event stream does not begin with an endpoint"),
            ("\(ScriptedServer.streamHead)event: endpoint\n", "no endpoint event in time"),
        ] {
            try await expect(failure: reason, of: response)
        }
    }

    private func expect(failure reason: String, of response: String) async throws {
        try await ScriptedServer.run({ _ in [.send(response)] }) { server, url in
            let endpoint = try #require(Endpoint(url: url, headers: [:], agent: "test"))
            try await TransportBench.run(EventStreamTransport(endpoint, version: "0")) { bench in
                let failure = await #expect(throws: UpstreamFailure.self) { _ = try await bench.open(within: .seconds(1)) }
                #expect(failure?.reason == reason)
            }
            #expect(server.requests.map(\.head.method) == [.GET])
        }
    }
}

extension TransportBench {
    /// True when a session can be opened, or fails for another reason than that nobody listens.
    fileprivate func isReachable() async throws -> Bool {
        do {
            try await open().close(on: lanes[0])
            return true
        } catch UpstreamFailure.broken {
            return true
        }
    }
}
