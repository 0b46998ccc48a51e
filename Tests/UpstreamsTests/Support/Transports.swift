import Governance
import MCPWire
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Upstreams

/// Runs the body on an event loop with the transport to a URL.
func withTransport(
    _ url: String, limits: PoolLimits = PoolLimits(), _ body: @escaping @Sendable (StreamableHTTP, Lane) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let lane = Lane(group.next(), connector: try Connector(limits: limits.asTested, policy: EgressPolicy(allowsPrivateNetworks: true)))
    let endpoint = try #require(Endpoint(url: url, headers: [:], agent: "test"))
    let transport = StreamableHTTP(link: Link(endpoint: endpoint), version: "0")
    let result = await Task(executorPreference: lane.executor) { try await body(transport, lane) }.result
    try await group.shutdownGracefully()
    try result.get()
}

extension Endpoint {
    /// That of an upstream at this URL, with these headers.
    convenience init?(url: String, headers: [String: String] = [:], agent: String) {
        guard let tenant = TenantName("acme"), let name = UpstreamName("one") else { return nil }
        let document = UpstreamDocument(
            name: name, place: .url(url), headers: headers.mapValues { Template(literal: $0) })
        self.init(document, tenant: tenant, secrets: NodeSecrets(environment: [:]), agent: agent)
    }
}

extension UpstreamSession {
    /// The answer to a call of `t`; on the lane's loop only.
    func answer(
        _ arguments: String = "{}", definition: String = #"{"name":"t"}"#, meta: String? = nil, on lane: Lane,
        within time: TimeAmount = .seconds(15)
    ) async throws -> Answer? {
        let exchange = try await exchange(arguments, definition: definition, meta: meta, on: lane, within: time)
        while let item = try await exchange?.next() {
            if case .answer(let answer) = item { return answer }
        }
        return nil
    }

    /// The exchange of such a call.
    func exchange(
        _ arguments: String = "{}", definition: String = #"{"name":"t"}"#, meta: String? = nil, on lane: Lane,
        within time: TimeAmount = .seconds(15)
    ) async throws -> UpstreamExchange? {
        let member = meta.map { #","_meta":\#($0)"# } ?? ""
        let json = #"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"t","arguments":\#(arguments)\#(member)}}"#
        let call = try ForwardedRequest(Message(Array(json.utf8)))
        let tool = try ToolDefinition(Array(definition.utf8))
        let target = Target(upstream: try #require(UpstreamName("one")), tool: tool.name, mirrored: tool.mirrored ?? [])
        return try await send(.forward(call, to: target, caller: nil), on: lane, before: .now() + time)
    }

    /// Listens until the stream ends, with what was heard.
    func listen(on lane: Lane) async throws -> (Listening, [Notice]) {
        let heard: Mutex<[Notice]> = Mutex([])
        let end = try await listen(on: lane) { notice in heard.withLock { $0.append(notice) } }
        return (end, heard.withLock { $0 })
    }
}

extension ScriptedServer {
    /// What a sound server without a handshake would do.
    static func modern(_ request: Request) -> [Step] {
        switch request.method {
        case Method.discover: [.send(json(request.id, result: discovery()))]
        case Method.toolsList:
            [.send(json(request.id, result: #"{"resultType":"complete","tools":[{"name":"t"}],"ttlMs":0,"cacheScope":"private"}"#))]
        case Method.toolsCall: [.send(json(request.id, result: #"{"resultType":"complete","content":[]}"#))]
        default: [.send(error(request.id, -32601, status: "404 Not Found"))]
        }
    }

    static func discovery(_ versions: String = #""2026-07-28""#) -> String {
        #"{"resultType":"complete","supportedVersions":[\#(versions)],"capabilities":{"tools":{"listChanged":true}},"ttlMs":0,"cacheScope":"private"}"#
    }

    /// A whole response that is a JSON-RPC error.
    static func error(_ id: String, _ code: Int, status: String, data: String = "null") -> String {
        response(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":"no","data":\#(data)}}"#, status: status)
    }

    /// A server-sent event with an id.
    static func event(_ id: String, _ data: String = "") -> String { "id: \(id)\ndata: \(data)\n\n" }
}
