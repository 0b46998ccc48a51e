import HTTPWire
import MCPWire

/// The headers of a request that decide something, found when its head was read and made into texts when they are asked for.
struct HeaderFields: Sendable {
    private let head: RequestHead
    /// Those that may be given once only: each side of a proxy could take another one.
    private static let single: [KnownField] = [
        .host, .origin, .contentType, .authorization, .lastEventID, .sessionID, .idempotencyKey, .protocolVersion,
    ]

    init(_ head: RequestHead) { self.head = head }

    var authorization: String? { head.headers.text(of: .authorization) }
    var revision: String? { head.headers.text(of: .protocolVersion) }
    var contentType: String? { head.headers.text(of: .contentType) }
    var origin: String? { head.headers.text(of: .origin) }
    var lastEvent: String? { head.headers.text(of: .lastEventID) }

    /// The first of those that may be given once and was given twice, as it is written.
    var repeated: String? { head.headers.firstRepeated(among: Self.single) }

    /// All lines of `Accept`, which is a list.
    var accept: String? {
        guard head.headers.isRepeated(.accept) else { return head.headers.text(of: .accept) }
        return values("accept").joined(separator: ", ")
    }

    /// The bytes of `Authorization`.
    var presented: ArraySlice<UInt8>? { bytes(.authorization) }

    /// Another token follows behind a comma, as where somebody on the way has joined two fields. A token in JSON may have any text in it.
    var listsTokens: Bool {
        guard let presented, !presented.contains(UInt8(ascii: "{")) else { return false }
        return presented.split(separator: UInt8(ascii: ",")).dropFirst().contains { part in
            part.drop { $0 == UInt8(ascii: " ") }.prefix(7).elementsEqual("bearer ".utf8) { $0 | 0x20 == $1 }
        }
    }

    /// The bytes of `Mcp-Session-Id`.
    var sessionBytes: ArraySlice<UInt8>? { bytes(.sessionID) }

    /// The bytes of `MCP-Protocol-Version`.
    var revisionBytes: ArraySlice<UInt8>? { bytes(.protocolVersion) }

    /// The bytes of `Host`.
    var host: ArraySlice<UInt8>? { bytes(.host) }

    /// The bytes of `Idempotency-Key`.
    var idempotencyKey: [UInt8]? { bytes(.idempotencyKey).map { Array($0) } }

    /// The trace that the request belongs to; a `traceparent` that is given twice says none.
    var trace: TraceNote? {
        guard let parent = head.headers.text(of: .traceParent), !head.headers.isRepeated(.traceParent) else { return nil }
        let states = values(MetaKey.traceState)
        return TraceNote(parent: parent, state: states.isEmpty ? nil : states.joined(separator: ","))
    }

    /// What SDKs send as `Accept`, ahead of the full reading.
    var acceptsAsUsual: Bool {
        !head.headers.isRepeated(.accept) && head.headers.value(of: .accept, is: "application/json, text/event-stream")
    }

    /// What SDKs send as `Content-Type`, ahead of the full reading.
    var isPlainJSON: Bool { head.headers.value(of: .contentType, is: "application/json") }

    /// A coding of the body is named.
    var isPacked: Bool { head.headers.place(of: .contentEncoding) != nil }

    /// What repeats the body's own words.
    var repeating: StatelessRequest.Headers {
        let areRepeated = head.headers.isRepeated(.mcpMethod) || head.headers.isRepeated(.mcpName)
        return .init(revision: revisionBytes, method: bytes(.mcpMethod), name: bytes(.mcpName), areRepeated: areRepeated)
    }

    /// The values of all fields of that name, in any case.
    func values(_ name: String) -> [String] { head.headers.values(name: name) }

    /// What repeats arguments of a call, whoever knows of it.
    var parameters: [(name: String, value: String)] {
        let block = head.headers
        guard block.place(of: .mcpParameter) != nil else { return [] }
        var found: [(name: String, value: String)] = []
        block.forEach { field in
            guard field.known == .mcpParameter else { return }
            found.append(
                (String(decoding: block.bytes[field.name], as: UTF8.self), String(decoding: block.bytes[field.value], as: UTF8.self)))
        }
        return found
    }

    private func bytes(_ field: KnownField) -> ArraySlice<UInt8>? {
        head.headers.place(of: field).map { head.headers.bytes[$0] }
    }
}
