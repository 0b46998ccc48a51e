import Demo
import Fixtures
import Governance
import MCPWire
import NIOCore
import NIOPosix
import Testing

@testable import Upstreams

@Suite("Real upstreams of each era")
struct LightServerTests {
    /// Runs the body with a session with a server of this era whose tools can be changed.
    private func session(
        _ era: ToolServer.Era, _ body: @escaping @Sendable (any UpstreamSession, Lane, ToolShelf, ServerRecord) async throws -> Void
    ) async throws {
        var options = ToolServer.Options()
        options.era = era
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (shelf, record) = (ToolShelf(LightTools.all), ServerRecord())
        let server = try await ToolServer.start(shelf, options: options, record: record, group: group)
        do {
            try await withTransport(server.url) { transport, lane in
                let session = try await transport.open(as: nil, remembering: nil, on: lane, before: .now() + .seconds(15))
                try await body(session, lane, shelf, record)
            }
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    @Test(
        "each is spoken with in its newest revision",
        arguments: [(ToolServer.Era.handshake, "2025-11-25"), (.modern, "2026-07-28"), (.both, "2026-07-28")])
    func revisions(_ era: ToolServer.Era, _ revision: String) async throws {
        try await session(era) { session, lane, _, _ in
            #expect(session.terms.revision == revision && (session.terms.id == nil) == (revision == "2026-07-28"))
            #expect(session.terms.capabilities.contains(.tools))
            let tools = try await ToolListing(session: session, lane: lane, deadline: .now() + .seconds(15)).tools()
            #expect(tools?.count == LightTools.all.count)
        }
    }

    @Test("each tells when its tools change, for as long as it is listened to", arguments: [ToolServer.Era.handshake, .modern])
    func changes(_ era: ToolServer.Era) async throws {
        try await session(era) { session, lane, shelf, record in
            let (connected, changed) = (Bell(), Bell())
            let task = Task(executorPreference: lane.executor) {
                try await session.listen(on: lane) { $0 == .connected ? connected.ring() : changed.ring() }
            }
            try await eventually("it listens") { connected.count == 1 }
            #expect(shelf.show(["echo"]))
            try await eventually("it is told") { changed.count == 1 }
            #expect(shelf.describe("echo", as: "other"))
            try await eventually("it is told again") { changed.count == 2 }
            task.cancel()
            #expect(try await task.value == .ended)
            try await eventually("nobody listens any more") { record.counts.streams + record.counts.listens == 0 }
        }
    }
}
