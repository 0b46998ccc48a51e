import Demo
import Foundation
import Governance
import Logging
import MCPWire
import NIOCore
import NIOPosix
import Testing

@testable import Upstreams

/// A transport at work, for one test: its owner runs, and calls are made on loops of their own.
final class TransportBench: Sendable {
    let transport: any UpstreamTransport
    let lanes: [Lane]

    private init(_ transport: any UpstreamTransport, _ lanes: [Lane]) {
        self.transport = transport
        self.lanes = lanes
    }

    /// Runs the body beside the transport's owner; returns when the owner has ended.
    static func run(
        _ transport: any UpstreamTransport, loops: Int = 2, _ body: @escaping @Sendable (TransportBench) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let connector = try Connector(limits: PoolLimits().asTested, policy: EgressPolicy(allowsPrivateNetworks: true))
        let bench = TransportBench(transport, group.makeIterator().map { Lane($0, connector: connector) })
        let result = await withTaskGroup(of: Result<Void, any Error>?.self) { tasks in
            tasks.addTask {
                await transport.run()
                return nil
            }
            tasks.addTask(executorPreference: bench.lanes[0].executor) {
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

    /// A session, opened on the first lane.
    func open(remembering terms: SessionTerms? = nil, within time: TimeAmount = .seconds(30)) async throws -> any UpstreamSession {
        try await transport.open(as: nil, remembering: terms, on: lanes[0], before: .now() + time)
    }

    /// The names of the tools.
    func tools(of session: any UpstreamSession) async throws -> [String]? {
        try await ToolListing(session: session, lane: lanes[0], deadline: .now() + .seconds(15)).tools()?.map(\.name)
    }

    /// What a call brings: its progress and its answer. Made on the lane whose executor the task is on.
    func items(
        _ tool: String, _ arguments: String = "{}", in session: any UpstreamSession, progressToken: String? = nil,
        within time: TimeAmount = .seconds(15), lane: Int = 0
    ) async throws -> [UpstreamExchange.Item]? {
        let exchange = try await exchange(tool, arguments, in: session, progressToken: progressToken, within: time, lane: lane)
        guard let exchange else { return nil }
        var items: [UpstreamExchange.Item] = []
        while let item = try await exchange.next() { items.append(item) }
        return items
    }

    /// A call in progress; nil where the session is over.
    func exchange(
        _ tool: String, _ arguments: String = "{}", in session: any UpstreamSession, progressToken: String? = nil,
        within time: TimeAmount = .seconds(15), lane: Int = 0
    ) async throws -> UpstreamExchange? {
        let meta = progressToken.map { ",\n\"_meta\":{\"progressToken\":\($0)}" } ?? ""
        let params = #"{"name":"\#(tool)","arguments":\#(arguments)\#(meta)}"#
        let json = "{\"jsonrpc\":\"2.0\",\n\"id\":\"a\",\r\n \"method\":\"tools/call\",\"params\":\(params)}"
        let call = try ForwardedRequest(Message(Array(json.utf8)))
        let target = Target(upstream: try #require(UpstreamName("one")), tool: tool)
        return try await session.send(.forward(call, to: target, caller: nil), on: lanes[lane], before: .now() + time)
    }

    /// The text that a call answers.
    func text(
        _ tool: String, _ arguments: String = "{}", in session: any UpstreamSession, within time: TimeAmount = .seconds(15), lane: Int = 0
    ) async throws -> String {
        let items = try #require(await items(tool, arguments, in: session, within: time, lane: lane), "the session is over")
        guard case .answer(let answer)? = items.last, let text = answer.firstText else { throw Unexpected(text: "\(items)") }
        return text
    }

    /// The failure of a call.
    func failure(
        _ tool: String, _ arguments: String = "{}", in session: any UpstreamSession, within time: TimeAmount = .seconds(15)
    ) async throws -> UpstreamFailure {
        do {
            throw Unexpected(text: "\(String(describing: try await items(tool, arguments, in: session, within: time)))")
        } catch let failure as UpstreamFailure {
            return failure
        }
    }
}

extension Answer {
    /// The text of its first content.
    var firstText: String? {
        let bytes = addressed(to: RequestID(1))
        guard case .list(let content)? = JSONValue(bytes)?["result"]?["content"] else { return nil }
        return content.first?["text"]?.text
    }
}

extension ProcessTransport {
    /// A process of this command.
    static func of(
        _ command: [String], environment: [String: Template] = [:], directory: String? = nil, guardian: [String] = [],
        timings: ProcessTimings = .quick
    ) throws -> ProcessTransport {
        let command = try #require(UpstreamDocument.Command(arguments: command, environment: environment, directory: directory))
        let own = ProcessInfo.processInfo.environment
        return ProcessTransport(
            command, on: .own(NodeSecrets(environment: own), environment: own, guardian: guardian), version: "0",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, timings: timings)
    }
}

extension ProcessTimings {
    /// Ends what nobody holds at once.
    static var quick: ProcessTimings {
        var timings = ProcessTimings()
        timings.patience = .seconds(10)
        timings.linger = .milliseconds(50)
        return timings
    }
}
