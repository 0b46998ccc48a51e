import Foundation
import MCPWire
import NIOHTTP1

/// Answers the messages of the revision without a handshake, in which each request says all there is to know of its sender.
struct StatelessResponder: Sendable {
    private static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
    private static let subscriptionID = "io.modelcontextprotocol/subscriptionId"

    let options: ToolServer.Options
    let record: ServerRecord
    let shelf: ToolShelf

    /// A refusal that ends the judging of a request.
    private struct Refusal: Error {
        let code: Int
        let message: String
        var data: String?
    }

    /// Judges one message; `headers` where it came over HTTP.
    func react(to message: Message, headers: HTTPHeaders?) -> ToolReaction {
        guard message.kind == .request, let id = message.id else { return .reply(.accepted) }
        do throws(Refusal) {
            let meta = try declaration(of: message)
            if let headers { try check(headers, against: message, version: meta) }
            guard Dialect.modern.contains(meta) else { throw unsupported(meta) }
            return try answer(message, id)
        } catch {
            return .reply(reply(id, error))
        }
    }

    // MARK: The ladder of checks

    /// The revision that the request names in its `_meta`, which also has to name the client's capabilities.
    private func declaration(of message: Message) throws(Refusal) -> String {
        let meta = message.paramToken("_meta").flatMap { JSONValue($0) }
        guard let version = message.protocolVersionOfMeta, case .object = meta?[Self.clientCapabilities] else {
            throw Refusal(code: -32602, message: "_meta must name the protocol version and the client's capabilities")
        }
        return version
    }

    /// The headers say what the body says, each once.
    private func check(_ headers: HTTPHeaders, against message: Message, version: String) throws(Refusal) {
        var wanted = [("mcp-protocol-version", version), ("mcp-method", message.method ?? "")]
        if let name = message.paramText("name") ?? message.paramText("uri") { wanted.append(("mcp-name", name)) }
        for (header, value) in wanted {
            let given = headers[header]
            guard given.count == 1, Self.decoded(given[0]) == value else {
                throw Refusal(code: -32020, message: "Header mismatch: \(header)")
            }
        }
    }

    /// The header's value, which may be written `=?base64?…?=`.
    private static func decoded(_ value: String) -> String {
        guard value.hasPrefix("=?base64?"), value.hasSuffix("?="), let data = Data(base64Encoded: String(value.dropFirst(9).dropLast(2)))
        else { return value }
        return String(decoding: data, as: UTF8.self)
    }

    private func unsupported(_ version: String) -> Refusal {
        let supported = Dialect.modern.map(ToolText.quoted).joined(separator: ",")
        return Refusal(
            code: -32022, message: "Unsupported protocol version",
            data: #"{"supported":[\#(supported)],"requested":\#(ToolText.quoted(version))}"#)
    }

    // MARK: The methods

    private func answer(_ message: Message, _ id: RequestID) throws(Refusal) -> ToolReaction {
        switch message.method {
        case Method.discover: return discover(id)
        case Method.toolsList: return try list(id, cursor: message.paramText("cursor"))
        case Method.toolsCall: return try call(message)
        case "subscriptions/listen": return listen(id, message)
        default: throw Refusal(code: -32601, message: "Method not found")
        }
    }

    private func discover(_ id: RequestID) -> ToolReaction {
        record.discovered()
        let versions = Dialect.modern.map(ToolText.quoted).joined(separator: ",")
        return .reply(
            complete(id, Array(#""supportedVersions":[\#(versions)],"capabilities":{"tools":{"listChanged":true}},\#(caching)"#.utf8)))
    }

    private func list(_ id: RequestID, cursor: String?) throws(Refusal) -> ToolReaction {
        record.listed()
        guard let (tools, next) = shelf.page(from: cursor, size: options.pageSize) else {
            throw Refusal(code: -32602, message: "Unknown cursor")
        }
        return .reply(complete(id, ToolText.page(tools, next: next) + Array(",\(caching)".utf8)))
    }

    private func call(_ message: Message) throws(Refusal) -> ToolReaction {
        guard let call = try? ForwardedRequest(message) else { throw Refusal(code: -32602, message: "Invalid params") }
        guard let tool = shelf.tool(call.name) else { throw Refusal(code: -32602, message: "Unknown tool: \(call.name)") }
        let arguments = DemoTool.arguments(of: call)
        record.began(call.name, as: arguments["call"]?.text)
        let performance = tool.performance(with: arguments, after: options.delay)
        let reply =
            switch performance.outcome {
            case .error(let code, let message): reply(call.id, Refusal(code: code, message: message))
            // the object's own members follow ours
            case .result(let result): complete(call.id, result.dropFirst().dropLast())
            }
        return .perform(
            ToolTurn(performance: performance, reply: reply, progressToken: call.progressToken, endsWithConnection: true))
    }

    /// Acknowledges what it will tell of what was asked, and tells it tagged with the request's id.
    private func listen(_ id: RequestID, _ message: Message) -> ToolReaction {
        let wanted = message.paramToken("notifications").flatMap { JSONValue($0) }
        let tellsTools = wanted?["toolsListChanged"]?.flag == true
        let tag = #""_meta":{"\#(Self.subscriptionID)":\#(id)}"#
        let granted = tellsTools ? #"{"toolsListChanged":true}"# : "{}"
        let acknowledged =
            #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":\#(granted),\#(tag)}}"#
        return .subscribe(
            ToolSubscription(
                id: id, opening: [ServerSentEvent(data: Array(acknowledged.utf8))],
                change: tellsTools ? ToolText.listChanged(tag: tag) : nil))
    }

    // MARK: Parts

    /// How long a list or discovery may be kept, and for whom.
    private var caching: String { #""ttlMs":\#(options.timeToLive),"cacheScope":"private""# }

    /// A result of these members, none of them `_meta`.
    private func complete(_ id: RequestID, _ members: some Collection<UInt8>) -> ToolReply {
        var result = Array(#"{"resultType":"complete","_meta":{"\#(MetaKey.serverInfo)":\#(options.identity)}"#.utf8)
        if !members.isEmpty { result.append(UInt8(ascii: ",")) }
        result += members
        result.append(UInt8(ascii: "}"))
        return ToolReply(body: ToolText.result(id, result))
    }

    private func reply(_ id: RequestID, _ refusal: Refusal) -> ToolReply {
        let status: HTTPText.Status =
            switch refusal.code {
            case -32700, -32600, -32602, -32020, -32021, -32022: .badRequest
            case -32601: .notFound
            default: .ok
            }
        return ToolReply(status: status, body: ToolText.error(id, code: refusal.code, refusal.message, data: refusal.data))
    }
}
