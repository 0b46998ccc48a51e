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
    let node = NodeID()
    /// What the nodes of one cluster share.
    let cluster: Cluster
    private let documents = AsyncStream<[Tenant]>.makeStream()

    private init(
        _ group: MultiThreadedEventLoopGroup, _ cluster: Cluster, limits: PoolLimits, timings: UpstreamTimings, egress: EgressPolicy,
        environment: [String: String]
    ) throws {
        self.group = group
        self.cluster = cluster
        catalogues = try Catalogues(
            group: group, node: node, directory: cluster.directory, sessions: cluster.sessions, events: events, version: "0",
            egress: egress, environment: environment, limits: limits.asTested, timings: timings,
            isAlive: { cluster.isAlive($0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Cluster.now() })
        cluster.add(catalogues)
    }

    /// Runs the body beside the upkeep of the tenants' upstreams, all of it on loops of its own.
    static func run(
        _ tenants: [Tenant], in cluster: Cluster = Cluster(), loops: Int = 1, limits: PoolLimits = PoolLimits(),
        timings: UpstreamTimings = .quick, egress: EgressPolicy = EgressPolicy(allowsPrivateNetworks: true),
        environment: [String: String] = [:],
        _ body: @escaping @Sendable (Workbench) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let bench = try Workbench(group, cluster, limits: limits, timings: timings, egress: egress, environment: environment)
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

    /// Returns when every loop has looked at its sockets since it was called.
    func turn() async throws {
        for loop in group.makeIterator() { try await loop.scheduleTask(in: .milliseconds(1)) {}.futureResult.get() }
    }

    /// The tenants' documents are these from now on.
    func state(_ tenants: [Tenant]) { documents.continuation.yield(tenants) }

    /// Sends a call to an upstream's tool; on a loop only.
    func forward(
        _ tool: String, _ arguments: String = "{}", to upstream: String = "one", of tenant: Tenant, progressToken: String? = nil,
        session: SessionID = SessionID(), as caller: Caller? = nil, within time: TimeAmount = .seconds(15)
    ) async throws -> UpstreamExchange {
        let meta = progressToken.map { #","_meta":{"progressToken":\#($0)}"# } ?? ""
        let json = #"{"jsonrpc":"2.0","id":"agent-1","method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)\#(meta)}}"#
        let call = try ForwardedRequest(Message(Array(json.utf8)))
        let name = try #require(UpstreamName(upstream))
        return try await catalogues.forward(
            call, to: Target(upstream: name, tool: tool), of: tenant, for: caller ?? Caller(session: session), deadline: .now() + time)
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

    /// Why the tenant's upstream is down; nil where it answers a call of its tool `t`.
    func reasonDown(_ upstream: String = "one", of tenant: Tenant) async throws -> String? {
        _ = await catalogues.catalogue(of: tenant)
        let down = events.all(.upstreamDown).first { $0.text("upstream") == upstream && $0.tenant == tenant.name }
        if let reason = down?.text("reason") { return reason }
        _ = try await answer("t", to: upstream, of: tenant)
        return nil
    }

    /// Expects that a call to the upstream is answered.
    func expectUp(_ upstream: String = "one", of tenant: Tenant, at place: SourceLocation = #_sourceLocation) async throws {
        let reason = try await reasonDown(upstream, of: tenant)
        #expect(reason == nil, sourceLocation: place)
    }

    /// Expects that the upstream is down for that reason.
    func expectDown(
        _ upstream: String = "one", of tenant: Tenant, _ wanted: String, at place: SourceLocation = #_sourceLocation
    ) async throws {
        let reason = try await reasonDown(upstream, of: tenant)
        #expect(reason == wanted, sourceLocation: place)
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
            try UpstreamDocument.at(
                $0.value, as: $0.key, headers: headers.mapValues { Template(literal: $0) }, sessions: sessions, limits: limits,
                pinsTools: pinsTools)
        }
        return try of(upstreams, naming: naming)
    }

    /// A tenant with these upstreams, in this order.
    static func of(_ upstreams: [UpstreamDocument], as name: String = "acme", naming: Naming = .onCollision) throws -> Tenant {
        Tenant(name: try #require(TenantName(name)), upstreams: upstreams, tariff: Tariff(base: .zero), naming: naming)
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

extension UpstreamDocument {
    /// A shared upstream at this URL.
    static func at(
        _ url: String, as name: String = "one", headers: [String: Template] = [:], tls: TLS = TLS(), oauth: OAuth? = nil,
        sessions: Sessions = .shared, limits: Limits = Limits(), pinsTools: Bool = false
    ) throws -> UpstreamDocument {
        UpstreamDocument(
            name: try #require(UpstreamName(name)), place: .url(url), transport: .streamableHTTP, sessions: sessions, headers: headers,
            tls: tls, oauth: oauth, limits: limits, pinsTools: pinsTools)
    }
}
