import HTTPWire
import MCPWire

/// The headers of a request that decide something, found in one pass and read when they are asked for.
struct HeaderFields: Sendable {
    private let block: HeaderBlock
    private var authorizationPlace, sessionPlace, revisionPlace, contentTypePlace, acceptPlace, originPlace, hostPlace,
        lastEventPlace, keyPlace, tracePlace: Range<Int>?
    /// Further lines of `Accept`, which is a list.
    private var moreAccept: String?
    /// The first of them that was given twice, which is refused: each side of a proxy could take another one.
    private(set) var repeated: String?

    init(_ block: HeaderBlock) {
        self.block = block
        block.forEach { take($0) }
    }

    var authorization: String? { text(authorizationPlace) }
    var session: String? { text(sessionPlace) }
    var revision: String? { text(revisionPlace) }
    var contentType: String? { text(contentTypePlace) }
    var origin: String? { text(originPlace) }
    var host: String? { text(hostPlace) }
    var lastEvent: String? { text(lastEventPlace) }

    var accept: String? {
        guard let first = text(acceptPlace) else { return nil }
        return moreAccept.map { "\(first), \($0)" } ?? first
    }

    /// The bytes of `Idempotency-Key`.
    var idempotencyKey: [UInt8]? { keyPlace.map { Array(block.bytes[$0]) } }

    /// The trace that the request belongs to; a `traceparent` that is given twice says none.
    var trace: TraceNote? {
        guard let parent = text(tracePlace) else { return nil }
        let states = block.values(name: MetaKey.traceState)
        return TraceNote(parent: parent, state: states.isEmpty ? nil : states.joined(separator: ","))
    }

    /// What SDKs send as `Accept`, ahead of the full reading.
    var acceptsAsUsual: Bool { moreAccept == nil && block.value(acceptPlace, is: "application/json, text/event-stream") }

    /// What SDKs send as `Content-Type`, ahead of the full reading.
    var isPlainJSON: Bool { block.value(contentTypePlace, is: "application/json") }

    /// The bytes of `Authorization`.
    var presented: ArraySlice<UInt8>? { authorizationPlace.map { block.bytes[$0] } }

    /// The values of all fields of that name, in any case.
    func values(_ name: String) -> [String] { block.values(name: name) }

    /// What repeats arguments of a call, whoever knows of it.
    var parameters: [(name: String, value: String)] {
        let prefix = Array("mcp-param-".utf8)
        var found: [(name: String, value: String)] = []
        block.forEach { field in
            guard field.name.count > prefix.count, zip(block.bytes[field.name], prefix).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) else {
                return
            }
            found.append(
                (String(decoding: block.bytes[field.name], as: UTF8.self), String(decoding: block.bytes[field.value], as: UTF8.self)))
        }
        return found
    }

    private func text(_ place: Range<Int>?) -> String? { place.map { String(decoding: block.bytes[$0], as: UTF8.self) } }

    private mutating func take(_ field: HeaderBlock.Field) {
        // The length of a name tells most of them apart before a letter is compared.
        switch field.name.count {
        case 4 where block.name(of: field, is: "host"): keep(field, \.hostPlace)
        case 6 where block.name(of: field, is: "accept"): list(field)
        case 6 where block.name(of: field, is: "origin"): keep(field, \.originPlace)
        case 11 where block.name(of: field, is: "traceparent"): tracePlace = tracePlace == nil ? field.value : 0..<0
        case 12 where block.name(of: field, is: "content-type"): keep(field, \.contentTypePlace)
        case 13 where block.name(of: field, is: "authorization"): keep(field, \.authorizationPlace)
        case 13 where block.name(of: field, is: "last-event-id"): keep(field, \.lastEventPlace)
        case 14 where block.name(of: field, is: "mcp-session-id"): keep(field, \.sessionPlace)
        case 15 where block.name(of: field, is: "idempotency-key"): keep(field, \.keyPlace)
        case 20 where block.name(of: field, is: "mcp-protocol-version"): keep(field, \.revisionPlace)
        default: break
        }
    }

    private mutating func keep(_ field: HeaderBlock.Field, _ place: WritableKeyPath<Self, Range<Int>?>) {
        if self[keyPath: place] != nil, repeated == nil { repeated = String(decoding: block.bytes[field.name], as: UTF8.self) }
        self[keyPath: place] = field.value
    }

    private mutating func list(_ field: HeaderBlock.Field) {
        guard acceptPlace != nil else { return acceptPlace = field.value }
        let more = String(decoding: block.bytes[field.value], as: UTF8.self)
        moreAccept = moreAccept.map { "\($0), \(more)" } ?? more
    }
}
