import Demo
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOPosix
import Testing

@testable import Upstreams

@Suite("How calls fail")
struct FailureTests {
    /// The failure of a call whose upstream answers `tools/call` by this script.
    private func failure(within time: TimeAmount = .seconds(15), _ steps: [ScriptedServer.Step]) async throws -> (
        UpstreamFailure, calls: Int
    ) {
        try await failure(within: time) { _ in steps }
    }

    private func failure(
        within time: TimeAmount = .seconds(15), _ script: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step]
    ) async throws -> (UpstreamFailure, calls: Int) {
        let found = Box<(UpstreamFailure, calls: Int)>()
        try await ScriptedServer.run({ $0.method == Method.toolsCall ? script($0) : nil }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                found.value = (try await bench.failure("t", of: tenant, within: time), server.requests(Method.toolsCall).count)
            }
        }
        return try #require(found.value)
    }

    @Test("a connection closed on a call that was sent is broken, and the call is not sent twice")
    func closed() async throws {
        let (failure, calls) = try await failure([.close])
        #expect(failure.mayHaveRun && failure.label == "broken" && calls == 1)
    }

    @Test("a reset after sending is broken, and the call is not sent twice")
    func reset() async throws {
        let (failure, calls) = try await failure([.reset])
        #expect(failure.mayHaveRun && failure.label == "broken" && calls == 1)
    }

    @Test("an upstream that never answers times the call out and its connection is closed")
    func hang() async throws {
        try await ScriptedServer.run({ $0.method == Method.toolsCall ? [] : nil }) { server, url in
            let tenant = try Tenant.of(["one": url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let begun = ContinuousClock.now
                let failure = try await bench.failure("t", of: tenant, within: .milliseconds(100))
                let took = ContinuousClock.now - begun
                guard case .timedOut = failure else { throw Unexpected(text: "\(failure)") }
                #expect(took >= .milliseconds(100) && took < .seconds(2))
                #expect(failure.mayHaveRun)
                try await eventually("the upstream is told") { server.requests(Method.cancelled).count == 1 }
                try await eventually("the hung connection is closed") { server.open < server.connections }
            }
        }
    }

    @Test("one byte a moment does not outlive the deadline")
    func trickle() async throws {
        let slow = [.send("HTTP/1.1 200 OK\r\n")] + (0..<1000).flatMap { _ in [ScriptedServer.Step.pause(5), .send("X-A: b\r\n")] }
        let (failure, _) = try await failure(within: .milliseconds(150), slow)
        guard case .timedOut = failure else { throw Unexpected(text: "\(failure)") }
    }

    @Test(
        "an unreadable answer is broken",
        arguments: [
            "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{]}",
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Here\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"jsonrpc\":",
        ])
    func unreadable(_ response: String) async throws {
        let (failure, calls) = try await failure([.send(response), .close])
        if response.contains("404") {
            #expect(!failure.mayHaveRun && calls == 2)
        } else {
            #expect(failure.label == "broken" && calls == 1)
        }
    }

    @Test("an answer to another request is not taken for ours")
    func foreignAnswer() async throws {
        let (failure, _) = try await failure([.send(ScriptedServer.json("4711", result: "{}"))])
        #expect(failure.label == "broken")
    }

    @Test("an HTTP error is broken, unless the body says that the message was refused", arguments: [-32700, -32600, -32601, -32602])
    func refused(_ code: Int) async throws {
        let error = #"{"jsonrpc":"2.0","id":"server-error","error":{"code":\#(code),"message":"no"}}"#
        let (refusal, _) = try await failure([.send(ScriptedServer.response(error, status: "400 Bad"))])
        guard case .refused(let answer) = refusal else { throw Unexpected(text: "\(refusal)") }
        #expect(answer.kind == .error(code: code) && !refusal.mayHaveRun)
        let other = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no"}}"#
        let (broken, _) = try await failure([.send(ScriptedServer.response(other, status: "500 Bad"))])
        #expect(broken.label == "broken" && broken.reason == "HTTP 500")
    }

    @Test("a JSON-RPC error under 200 is an answer")
    func errorIsAnswer() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let error = try await bench.answer("protocol_error", #"{"code":-32050}"#, of: tenant)
                #expect(error.kind == .error(code: -32050))
                let failed = try await bench.answer("fail", of: tenant)
                #expect(failed.kind == .result(isError: true))
            }
        }
    }

    @Test("an upstream that is not there leaves the call undispatched")
    func refusedConnection() async throws {
        try await ScriptedServer.run { server, url in
            let tenant = try Tenant.of(["one": url, "gone": "http://127.0.0.1:1/mcp", "nowhere": "http://no-such-host.invalid/mcp"])
            try await Workbench.run([tenant]) { bench in
                let catalogue = await bench.catalogues.catalogue(of: tenant)
                #expect(catalogue.missing.map(\.text) == ["gone", "nowhere"])
                let gone = try await bench.failure("t", to: "gone", of: tenant)
                #expect(gone.label == "not_dispatched" && gone.reason == "connection refused" && !gone.mayHaveRun)
                let nowhere = try await bench.failure("t", to: "nowhere", of: tenant)
                #expect(nowhere.reason == "name not resolved")
            }
        }
    }

    @Test("an answer over 16 MiB is broken and reading stops")
    func tooLarge() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = ScriptedServer.chunk(String(repeating: " ", count: 1 << 20))
        let (failure, _) = try await failure([.send(head)] + Array(repeating: .send(chunk), count: 40))
        #expect(failure.reason == "answer too large")
        let (stated, _) = try await self.failure(
            [.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")])
        #expect(stated.reason == "answer too large")
    }

    @Test("a head that never ends is broken")
    func endlessHead() async throws {
        let lines = String(repeating: "X-Filler: 0123456789\r\n", count: 200)
        let (failure, _) = try await failure([.send("HTTP/1.1 200 OK\r\n")] + Array(repeating: .send(lines), count: 100))
        #expect(failure.label == "broken")
    }

    @Test("a call given up by its task closes the connection and tells the upstream")
    func cancelled() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                let task = Task(executorPreference: LoopExecutor(bench.group.any())) { try await bench.failure("park", of: tenant) }
                try await eventually("the call runs") { server.record.inFlight == 1 }
                task.cancel()
                let failure = try await task.value
                #expect(failure.reason == "cancelled")
                try await eventually("the upstream lost the call") { server.record.inFlight == 0 && server.record.cancelled == 1 }
            }
        }
    }

    @Test("an exchange that is let go closes its connection")
    func letGo() async throws {
        try await withServer(LightTools.all) { server in
            let tenant = try Tenant.of(["one": server.url])
            try await Workbench.run([tenant]) { bench in
                _ = await bench.catalogues.catalogue(of: tenant)
                do {
                    let exchange = try await bench.forward(
                        "progress", #"{"steps":9999,"delayMs":5}"#, of: tenant, progressToken: "1")
                    guard case .progress = try await exchange.next() else { throw Unexpected(text: "no progress") }
                }
                try await eventually("the upstream lost the call") { server.record.inFlight == 0 && server.record.cancelled == 1 }
            }
        }
    }
}
