import Governance
import MCPWire
import NIOCore
import Synchronization
import Testing

@testable import Upstreams

@Suite("Which era an upstream is of")
struct EraTests {
    private let handshake = SessionTerms(transport: .streamableHTTP, revision: "2025-11-25", id: "old")
    private let modern = SessionTerms(transport: .streamableHTTP, revision: "2026-07-28")

    /// The methods that a server of this script is sent until there is a session, and the session's revision or the failure.
    private func opening(
        remembering terms: SessionTerms? = nil, within time: TimeAmount = .seconds(15), sse: (any UpstreamTransport)? = nil,
        _ script: @escaping ScriptedServer.Script
    ) async throws -> (methods: [String], found: String) {
        let result = Box<(methods: [String], found: String)>()
        try await ScriptedServer.run(script) { server, url in
            try await withTransport(url) { transport, lane in
                let auto = AutoTransport(streamable: transport, sse: sse)
                var found: String
                do throws(UpstreamFailure) {
                    found = try await auto.open(as: nil, remembering: terms, on: lane, before: .now() + time).terms.revision
                } catch {
                    found = "\(error.label): \(error.reason)"
                }
                result.value = (server.requests.map(\.method), found)
            }
        }
        return try #require(result.value)
    }

    private static let probed = [Method.discover]
    private static let shaken = [Method.initialize, Method.initialized]

    @Test("a server that answers the discovery needs no handshake")
    func stateless() async throws {
        let opening = try await opening { ScriptedServer.modern($0) }
        #expect(opening.found == "2026-07-28" && opening.methods == Self.probed)
    }

    @Test(
        "any other answer to the discovery leads to the handshake",
        arguments: [
            ScriptedServer.response(ScriptedServer.noSession, status: "400 Bad Request"),
            ScriptedServer.error("1", -32601, status: "404 No"),
            ScriptedServer.error("1", -32602, status: "200 OK"), ScriptedServer.error("1", -32020, status: "400 No"),
            ScriptedServer.error("1", -32022, status: "400 No", data: #"{"supported":["2025-11-25"]}"#),
            ScriptedServer.error("1", -32022, status: "400 No"), ScriptedServer.json("1", result: "{}"),
            ScriptedServer.json("1", result: ScriptedServer.discovery(#""2025-06-18""#)),
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nhi",
        ])
    func fallsBack(_ response: String) async throws {
        let opening = try await opening { $0.method == Method.discover ? [.send(response)] : nil }
        #expect(opening.found == "2025-11-25" && opening.methods == Self.probed + Self.shaken)
    }

    @Test("a discovery that hangs leaves time for the handshake")
    func hangs() async throws {
        let opening = try await opening(within: .seconds(2)) { $0.method == Method.discover ? [] : nil }
        #expect(opening.found == "2025-11-25" && opening.methods == Self.probed + Self.shaken)
    }

    @Test(
        "what says nothing of the era is the failure",
        arguments: [
            ("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "HTTP 401"), ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "HTTP 403"),
            ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP 503"), ("", "connection closed"),
        ])
    func raises(_ response: String, _ reason: String) async throws {
        let opening = try await opening { _ in [response.isEmpty ? .close : .send(response)] }
        #expect(opening.found == "broken: \(reason)" && Set(opening.methods) == [Method.discover])
    }

    @Test("a server that speaks only revisions we do not know has none in common with us")
    func tooNew() async throws {
        let opening = try await opening {
            ScriptedServer.error($0.id, -32022, status: "400 No", data: #"{"supported":["2099-01-01"]}"#).steps
        }
        #expect(opening.found == "broken: speaks no protocol revision in common" && opening.methods == Self.probed)
    }

    @Test("a server that was in doubt of our revision is asked once more")
    func askedAgain() async throws {
        let opening = try await opening { request in
            guard request.count == 1 else { return ScriptedServer.modern(request) }
            return ScriptedServer.error(request.id, -32022, status: "400 No", data: #"{"supported":["2026-07-28"]}"#).steps
        }
        #expect(opening.found == "2026-07-28" && opening.methods == Self.probed + Self.probed)
    }

    @Test("what was agreed the last time is tried first")
    func remembered() async throws {
        let first = try await opening(remembering: handshake) { _ in nil }
        #expect(first.found == "2025-11-25" && first.methods == Self.shaken)
        let second = try await opening(remembering: modern) { ScriptedServer.modern($0) }
        #expect(second.found == "2026-07-28" && second.methods == Self.probed)
    }

    @Test("an upstream that has changed its era is found out")
    func changed() async throws {
        let newer = try await opening(remembering: handshake) { ScriptedServer.modern($0) }
        #expect(newer.found == "2026-07-28" && newer.methods == [Method.initialize, Method.discover])
        let older = try await opening(remembering: modern) { _ in nil }
        #expect(older.found == "2025-11-25" && older.methods == Self.probed + Self.shaken)
    }

    @Test(
        "a handshake that is refused is the failure, and HTTP+SSE is tried where the endpoint takes no POST",
        arguments: [400, 404, 405, 403, 500])
    func older(_ status: Int) async throws {
        let script: ScriptedServer.Script = { _ in ["HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n"].map { .send($0) } }
        let without = try await opening(script)
        #expect(without.found == "broken: HTTP \(status)")
        let sse = OpenedTransport()
        let with = try await opening(sse: sse, script)
        let isOlder = [400, 404, 405].contains(status)
        #expect(sse.openings == (isOlder ? 1 : 0))
        #expect(with.found == (isOlder ? "2024-11-05" : "broken: HTTP \(status)"))
    }

    @Test("a server of Streamable HTTP that refuses us is not taken for one of HTTP+SSE")
    func notOlder() async throws {
        let sse = OpenedTransport()
        let opening = try await opening(sse: sse) {
            ScriptedServer.error($0.id, $0.method == Method.initialize ? -32021 : -32600, status: "400 No").steps
        }
        #expect(sse.openings == 0 && opening.found.hasSuffix("HTTP 400"))
    }

    @Test("HTTP+SSE that was agreed the last time is tried first")
    func rememberedOlder() async throws {
        let sse = OpenedTransport()
        let terms = SessionTerms(transport: .sse, revision: "2024-11-05")
        let opening = try await opening(remembering: terms, sse: sse) { _ in nil }
        #expect(sse.openings == 1 && opening.found == "2024-11-05" && opening.methods.isEmpty)
    }
}

extension String {
    fileprivate var steps: [ScriptedServer.Step] { [.send(self)] }
}

/// A transport that opens at once, for tests of who is asked to.
private final class OpenedTransport: UpstreamTransport {
    private let count = Mutex(0)
    var openings: Int { count.withLock { $0 } }

    func open(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        count.withLock { $0 += 1 }
        guard let endpoint = Endpoint(url: "http://127.0.0.1:1/sse", headers: [:], agent: "test"),
            let session = HandshakeSession(SessionTerms(transport: .sse, revision: "2024-11-05"), as: nil, link: Link(endpoint: endpoint))
        else { throw .broken(reason: "no session") }
        return session
    }

    func resume(_ terms: SessionTerms, as profile: ClientProfile?) -> (any UpstreamSession)? { nil }
}
