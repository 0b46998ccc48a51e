import Demo
import Events
import Governance
import Logging
import MCPWire
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Upstreams

/// A gateway's upstream side with its loops, for one test.
final class Workbench: Sendable {
    let group: MultiThreadedEventLoopGroup
    let events = EventRecorder()
    let catalogues: Catalogues
    /// What the nodes of one cluster share.
    let cluster: Cluster
    private let documents = AsyncStream<[Tenant]>.makeStream()

    private init(_ group: MultiThreadedEventLoopGroup, _ cluster: Cluster, limits: PoolLimits, timings: UpstreamTimings) throws {
        self.group = group
        self.cluster = cluster
        catalogues = try Catalogues(
            group: group, node: NodeID(), directory: cluster.directory, sessions: cluster.sessions, events: events, version: "0",
            limits: limits, timings: timings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Cluster.now() })
        cluster.add(catalogues)
    }

    /// Runs the body beside the upkeep of the tenants' upstreams, all of it on loops of its own.
    static func run(
        _ tenants: [Tenant], in cluster: Cluster = Cluster(), loops: Int = 1, limits: PoolLimits = PoolLimits(),
        timings: UpstreamTimings = .quick,
        _ body: @escaping @Sendable (Workbench) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let bench = try Workbench(group, cluster, limits: limits, timings: timings)
        bench.state(tenants)
        let result = await withTaskGroup(of: Result<Void, any Error>?.self) { tasks in
            tasks.addTask {
                await bench.catalogues.run(bench.documents.stream)
                return nil
            }
            tasks.addTask(executorPreference: LoopExecutor(group.any())) {
                do { return .success(try await body(bench)) } catch { return .failure(error) }
            }
            var result: Result<Void, any Error>?
            while let next = await tasks.next() {
                guard let next else { continue }
                result = next
                tasks.cancelAll()
            }
            return result
        }
        try await group.shutdownGracefully()
        try result?.get()
    }

    /// Runs the body on a loop of this node, whichever node's loop it is called from.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (Workbench) async throws -> Value) async throws -> Value {
        try await Task(executorPreference: LoopExecutor(group.any())) { try await body(self) }.value
    }

    /// The tenants' documents are these from now on.
    func state(_ tenants: [Tenant]) { documents.continuation.yield(tenants) }

    /// Sends a call to an upstream's tool; on a loop only.
    func forward(
        _ tool: String, _ arguments: String = "{}", to upstream: String = "one", of tenant: Tenant, progressToken: String? = nil,
        session: SessionID = SessionID(), within time: TimeAmount = .seconds(15)
    ) async throws -> UpstreamExchange {
        let meta = progressToken.map { #","_meta":{"progressToken":\#($0)}"# } ?? ""
        let json = #"{"jsonrpc":"2.0","id":"agent-1","method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)\#(meta)}}"#
        let call = try ToolCall(Message(Array(json.utf8)))
        let name = try #require(UpstreamName(upstream))
        let definition = try ToolDefinition(Array(#"{"name":"\#(tool)"}"#.utf8))
        let entry = CatalogueEntry(shownName: tool, target: Target(upstream: name, tool: tool), definition: definition)
        return try await catalogues.forward(call, to: entry, of: tenant, for: session, deadline: .now() + time)
    }

    /// The answer of such a call.
    func answer(
        _ tool: String, _ arguments: String = "{}", to upstream: String = "one", of tenant: Tenant, session: SessionID = SessionID(),
        within time: TimeAmount = .seconds(15)
    ) async throws -> Answer {
        let exchange = try await forward(tool, arguments, to: upstream, of: tenant, session: session, within: time)
        while let item = try await exchange.next() {
            if case .answer(let answer) = item { return answer }
        }
        throw UpstreamFailure.broken(reason: "no answer")
    }

    /// The failure of such a call.
    func failure(
        _ tool: String, _ arguments: String = "{}", to upstream: String = "one", of tenant: Tenant, session: SessionID = SessionID(),
        within time: TimeAmount = .seconds(15)
    ) async throws -> UpstreamFailure {
        do {
            let answer = try await answer(tool, arguments, to: upstream, of: tenant, session: session, within: time)
            throw Unexpected(text: "an answer: \(String(decoding: answer.message.bytes, as: UTF8.self))")
        } catch let failure as UpstreamFailure {
            return failure
        }
    }
}

/// Something that should not have happened.
struct Unexpected: Error {
    let text: String
}

extension UpstreamTimings {
    /// Short enough for tests, long enough for a busy machine.
    static var quick: UpstreamTimings {
        var timings = UpstreamTimings()
        timings.discovery = .seconds(10)
        timings.shortestPause = .milliseconds(10)
        timings.longestPause = .milliseconds(50)
        timings.askedPause = .milliseconds(10)
        return timings
    }
}

extension Tenant {
    /// A tenant with these upstreams, in this order.
    static func of(
        _ urls: KeyValuePairs<String, String>, headers: [String: String] = [:], naming: Naming = .onCollision,
        sessions: UpstreamDocument.Sessions = .shared, limits: UpstreamDocument.Limits = .init(), pinsTools: Bool = false
    ) throws -> Tenant {
        let upstreams = try urls.map {
            UpstreamDocument(
                name: try #require(UpstreamName($0.key)), place: .url($0.value), transport: .streamableHTTP, sessions: sessions,
                headers: headers.mapValues { Template(literal: $0) }, limits: limits, pinsTools: pinsTools)
        }
        return Tenant(name: try #require(TenantName("acme")), upstreams: upstreams, tariff: Tariff(base: .zero), naming: naming)
    }
}

/// Waits until it is so; fails the test after fifteen seconds.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(15)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw Unexpected(text: "never: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// Runs the body with a tool server.
func withServer(
    _ tools: [DemoTool], _ options: ToolServer.Options = ToolServer.Options(), _ body: (ToolServer) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try await ToolServer.start(tools, options: options, group: group)
    do { try await body(server) } catch {
        try await group.shutdownGracefully()
        throw error
    }
    try await group.shutdownGracefully()
}

/// A value set by one task and read after it.
final class Box<Value: Sendable>: Sendable {
    private let stored: Mutex<Value?> = Mutex(nil)
    var value: Value? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
