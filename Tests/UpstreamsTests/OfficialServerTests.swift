import Fixtures
import Glibc
import Testing

@testable import Upstreams

/// Servers on the official Python SDKs, in the environments that the system tests make.
@Suite("Official servers behind a stream", .enabled(if: OfficialServer.all.allSatisfy { access($0.python, X_OK) == 0 }))
struct OfficialServerTests {
    @Test("tools are listed and called over standard streams, in the newest revision each speaks", arguments: OfficialServer.all)
    func standardStreams(_ server: OfficialServer) async throws {
        try await TransportBench.run(try ProcessTransport.of(server.command + ["--stdio"])) { bench in
            let session = try await bench.open()
            #expect(session.terms.revision == server.revision)
            try await exercise(session, bench)
        }
    }

    @Test("tools are listed and called over HTTP+SSE", arguments: OfficialServer.all)
    func eventStream(_ server: OfficialServer) async throws {
        let port = try LoopbackPorts.free()
        let process = try ChildProcess(server.command + ["--port", "\(port)"], log: "/dev/null")
        defer { process.kill() }
        let endpoint = try #require(Endpoint(url: "http://127.0.0.1:\(port)/sse", headers: [:], agent: "test"))
        try await TransportBench.run(EventStreamTransport(endpoint, version: "0")) { bench in
            let session = Box<any UpstreamSession>()
            try await eventually("it listens") {
                session.value = try? await bench.open()
                return session.value != nil
            }
            let opened = try #require(session.value)
            #expect(opened.terms.revision == "2025-11-25")
            try await exercise(opened, bench)
        }
    }

    private func exercise(_ session: any UpstreamSession, _ bench: TransportBench) async throws {
        #expect(try await bench.tools(of: session)?.contains("echo") == true)
        #expect(try await bench.text("echo", #"{"text":"a"}"#, in: session).contains("a"))
    }
}

/// One of the servers of the system tests.
struct OfficialServer: Sendable, CustomTestStringConvertible {
    let version: Int
    let revision: String

    static let all = [OfficialServer(version: 1, revision: "2025-11-25"), OfficialServer(version: 2, revision: "2026-07-28")]
    private static let root = String(#filePath.split(separator: "/Tests/")[0])

    var python: String { "\(Self.root)/.build/venv-mcp\(version)/bin/python" }
    var command: [String] { [python, "\(Self.root)/Tests/System/upstreams/everything_server\(version == 1 ? "_v1" : "").py"] }
    var testDescription: String { "mcp \(version).x" }
}
