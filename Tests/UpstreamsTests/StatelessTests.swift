import Governance
import MCPWire
import NIOCore
import NIOHTTP1
import Testing

@testable import Upstreams

@Suite("Upstreams without a handshake")
struct StatelessTests {
    /// Runs the body with a session with a server of this script.
    private func session(
        _ script: @escaping ScriptedServer.Script = { _ in nil },
        _ body: @escaping @Sendable (any UpstreamSession, Lane, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run({ script($0) ?? ScriptedServer.modern($0) }) { server, url in
            try await withTransport(url) { transport, lane in
                let session = try await transport.open(as: nil, remembering: nil, on: lane, before: .now() + .seconds(15))
                #expect(session.terms.revision == "2026-07-28" && session.terms.id == nil)
                try await body(session, lane, server)
            }
        }
    }

    /// The failure of a call that is answered so.
    private func failure(_ response: @escaping @Sendable (_ id: String) -> String) async throws -> UpstreamFailure {
        let found = Box<UpstreamFailure>()
        try await session({ $0.method == Method.toolsCall ? [.send(response($0.id))] : nil }) { session, lane, server in
            do {
                _ = try await session.answer(on: lane)
            } catch {
                found.value = error as? UpstreamFailure
            }
            #expect(server.requests(Method.toolsCall).count == 1, "nothing is sent twice")
        }
        return try #require(found.value)
    }

    @Test("a call repeats its revision, method, tool and marked arguments in headers and names its sender in its body")
    func wire() async throws {
        try await session { session, lane, server in
            let schema = #"{"properties":{"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"}}}"#
            let answer = try await session.answer(
                #"{"region":"Ünder","n":null}"#, definition: #"{"name":"tool é","inputSchema":\#(schema)}"#,
                meta: #"{"io.modelcontextprotocol/clientInfo":{"name":"agent"},"k":1}"#, on: lane)
            #expect(
                String(decoding: answer?.addressed(to: RequestID(1)) ?? [], as: UTF8.self)
                    == #"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#)
            let call = try #require(server.requests(Method.toolsCall).first)
            #expect(call.head.headers["mcp-protocol-version"] == ["2026-07-28"] && call.head.headers["mcp-method"] == ["tools/call"])
            #expect(call.head.headers["mcp-name"] == ["=?base64?dG9vbCDDqQ==?="])
            #expect(call.head.headers["mcp-param-region"] == ["=?base64?w5xuZGVy?="] && call.head.headers["mcp-param-n"].isEmpty)
            #expect(call.head.headers["mcp-session-id"].isEmpty)
            #expect(call.message?.protocolVersionOfMeta == "2026-07-28")
            let body = String(decoding: call.body, as: UTF8.self)
            #expect(body.contains(#""name":"satgate""#) && body.contains(#""k":1"#) && !body.contains("agent"))
            #expect(server.requests.map(\.method) == [Method.discover, Method.toolsCall])
        }
    }

    @Test(
        "an error under an HTTP error status that proves it: the call did not run",
        arguments: [(-32020, "400"), (-32021, "400"), (-32601, "404"), (-32602, "400"), (-32600, "400"), (-32700, "400")])
    func refused(_ code: Int, _ status: String) async throws {
        let failure = try await failure { ScriptedServer.error($0, code, status: "\(status) No") }
        guard case .refused(let answer) = failure else { throw Unexpected(text: "\(failure)") }
        #expect(answer.kind == .error(code: code) && !failure.mayHaveRun)
    }

    @Test("other statuses leave open whether it ran")
    func otherStatus() async throws {
        let failure = try await failure { ScriptedServer.error($0, -32000, status: "500 No") }
        #expect(failure.reason == "HTTP 500" && failure.mayHaveRun)
    }

    @Test("a call that needs input is a failure that says so, and did not run")
    func needsInput() async throws {
        let failure = try await failure {
            ScriptedServer.json($0, result: #"{"resultType":"input_required","inputRequests":{},"requestState":"s"}"#)
        }
        #expect(failure.label == "needs_input" && !failure.mayHaveRun && failure.reason.contains("input"))
        let unknown = try await self.failure { ScriptedServer.json($0, result: #"{"resultType":"task"}"#) }
        #expect(unknown.label == "broken" && unknown.mayHaveRun)
    }

    @Test("a revision that is not spoken any more, or a session that is wanted, ends the session")
    func eraChanged() async throws {
        for response in [ScriptedServer.response(ScriptedServer.noSession, status: "400 Bad Request"), ""] {
            try await session({ request in
                guard request.method == Method.toolsCall else { return nil }
                return [.send(response.isEmpty ? ScriptedServer.error(request.id, -32022, status: "400 Bad Request") : response)]
            }) { session, lane, _ in
                let exchange = try await session.exchange(on: lane)
                #expect(exchange == nil)
            }
        }
    }

    @Test("progress carries the agent's token again")
    func progress() async throws {
        try await session({ request in
            guard request.method == Method.toolsCall else { return nil }
            let progress =
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":\#(request.id),"progress":1}}"#
            let answer = #"{"jsonrpc":"2.0","id":\#(request.id),"result":{"resultType":"complete"}}"#
            return [.send(ScriptedServer.streamHead + "data: \(progress)\n\ndata: \(answer)\n\n"), .close]
        }) { session, lane, _ in
            let exchange = try #require(try await session.exchange(meta: #"{"progressToken":"p"}"#, on: lane))
            guard case .progress(let bytes)? = try await exchange.next() else { throw Unexpected(text: "no progress") }
            #expect(String(decoding: bytes, as: UTF8.self).contains(#""progressToken":"p""#))
            guard case .answer? = try await exchange.next() else { throw Unexpected(text: "no answer") }
        }
    }

    @Test("a call is given up by closing its connection, and no message tells of it")
    func cancel() async throws {
        try await session({ $0.method == Method.toolsCall ? [.send(ScriptedServer.chunkedHead)] : nil }) { session, lane, server in
            let exchange = try #require(try await session.exchange(on: lane))
            exchange.cancel()
            try await eventually("the connection is closed") { server.open < server.connections }
            do {
                _ = try await session.answer(on: lane, within: .milliseconds(100))
                throw Unexpected(text: "an answer")
            } catch UpstreamFailure.timedOut {}
            try await eventually("that one, too") { server.open <= server.connections - 2 }
            #expect(server.requests(Method.cancelled).isEmpty)
        }
    }

    @Test("any node goes on with it from its terms alone, and ends nothing")
    func resumed() async throws {
        try await session { session, lane, server in
            let url = "http://127.0.0.1:1/mcp"
            let link = Link(endpoint: try #require(Endpoint(url: url, headers: [:], agent: "test")))
            let elsewhere = StreamableHTTP(link: link, version: "0").resume(session.terms, as: nil)
            #expect(elsewhere?.terms == session.terms && elsewhere is StatelessSession)
            session.close(on: lane)
            _ = try await session.answer(on: lane)
            #expect(server.requests.count == 2)
        }
    }
}
