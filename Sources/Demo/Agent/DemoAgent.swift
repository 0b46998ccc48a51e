import Foundation
import MCPWire
package import NIOCore
import NIOHTTP1

/// An AI agent as the demo plays it: a plain MCP client over Streamable HTTP.
package struct DemoAgent {
    /// What a tool call brought.
    package enum Outcome: Sendable {
        case text(String)
        case refused(code: Int, message: String, reason: String?)
    }

    private let fetch: HTTPFetch
    private let token: String
    private var session: String?
    private var nextID = 1

    /// An agent that will connect to `host:port` and present `token`.
    package init(host: String, port: Int, token: String, group: any EventLoopGroup) {
        fetch = HTTPFetch(group: group, host: host, port: port)
        self.token = token
    }

    /// The request that opens a session.
    package static func hello(id: Int) -> [UInt8] {
        Outgoing.initialize(id: id, revision: Dialect.newestHandshake.revision, clientVersion: "1.0")
    }

    /// Opens the session.
    package mutating func connect() async throws {
        let reply = try await send(Self.hello(id: takeID()))
        guard reply.status == 200, let id = reply.headers.first(name: "mcp-session-id") else { throw Unexpected(status: reply.status) }
        session = id
        _ = try await send(Outgoing.initialized())
    }

    /// The tools on offer: name and price.
    package mutating func tools() async throws -> [(name: String, price: String)] {
        let answer = try await ask(Outgoing.list(Method.toolsList, id: takeID(), cursor: nil))
        let list = try JSONDecoder().decode(Response<ToolListing>.self, from: Data(answer.message.bytes))
        return list.result?.tools.map { ($0.name, $0._meta["io.satgate/cost"].map { "\($0)" } ?? "") } ?? []
    }

    /// Calls a tool; `arguments` is a JSON object.
    package mutating func call(_ tool: String, _ arguments: String) async throws -> Outcome {
        let id = takeID()
        let request = #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)}}"#
        let answer = try await ask(Array(request.utf8))
        let response = try JSONDecoder().decode(Response<ToolOutput>.self, from: Data(answer.message.bytes))
        if let error = response.error { return .refused(code: error.code, message: error.message, reason: error.data?.error) }
        return .text(response.result?.content.first?.text ?? "")
    }

    private mutating func takeID() -> Int {
        defer { nextID += 1 }
        return nextID
    }

    private func ask(_ message: [UInt8]) async throws -> Answer {
        let reply = try await send(message)
        guard reply.headers.first(name: "content-type")?.hasPrefix("text/event-stream") == true else {
            return try Answer(Message(reply.body))
        }
        var parser = ServerSentEventParser(limit: 1 << 20)
        for event in try parser.push(reply.body) where !event.data.isEmpty {
            let message = try Message(event.data)
            if message.kind == .response { return try Answer(message) }
        }
        throw Unexpected(status: reply.status)
    }

    private func send(_ message: [UInt8]) async throws -> HTTPFetch.Reply {
        var headers: HTTPHeaders = [
            "content-type": "application/json", "accept": "application/json, text/event-stream", "authorization": "Bearer \(token)",
        ]
        if let session {
            headers.add(name: "mcp-session-id", value: session)
            headers.add(name: "mcp-protocol-version", value: Dialect.newestHandshake.revision)
        }
        return try await fetch.post("/mcp", headers: headers, body: message)
    }

    private struct Response<Result: Decodable>: Decodable {
        struct Failure: Decodable {
            struct Reason: Decodable { let error: String? }
            let code: Int
            let message: String
            let data: Reason?
        }
        let result: Result?
        let error: Failure?
    }

    private struct ToolListing: Decodable {
        struct Tool: Decodable {
            let name: String
            let _meta: [String: Decimal]
        }
        let tools: [Tool]
    }

    private struct ToolOutput: Decodable {
        struct Part: Decodable { let text: String? }
        let content: [Part]
    }

    /// A reply that is none of those the demo can show.
    private struct Unexpected: Error {
        let status: Int
    }
}
