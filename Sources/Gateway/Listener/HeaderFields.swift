import NIOHTTP1

/// The headers of a request that decide something, found in one pass.
struct HeaderFields: Sendable {
    private(set) var authorization: String?
    private(set) var session: String?
    private(set) var revision: String?
    private(set) var contentType: String?
    private(set) var accept: String?
    private(set) var origin: String?
    private(set) var host: String?
    /// The first of them that was given twice, which is refused: each side of a proxy could take another one.
    private(set) var repeated: String?

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            // The length of a name tells most of them apart before a letter is compared.
            switch name.utf8.count {
            case 4 where Self.spells(name, "host"): if !Self.take(value, &host) { repeated = name }
            case 6 where Self.spells(name, "accept"): accept = accept.map { "\($0), \(value)" } ?? value
            case 6 where Self.spells(name, "origin"): if !Self.take(value, &origin) { repeated = name }
            case 12 where Self.spells(name, "content-type"): if !Self.take(value, &contentType) { repeated = name }
            case 13 where Self.spells(name, "authorization"): if !Self.take(value, &authorization) { repeated = name }
            case 14 where Self.spells(name, "mcp-session-id"): if !Self.take(value, &session) { repeated = name }
            case 20 where Self.spells(name, "mcp-protocol-version"): if !Self.take(value, &revision) { repeated = name }
            default: break
            }
        }
    }

    /// False when the field was given before.
    private static func take(_ value: String, _ field: inout String?) -> Bool {
        defer { field = value }
        return field == nil
    }

    /// True when the name is this lower-case word in any case.
    private static func spells(_ name: String, _ word: StaticString) -> Bool {
        word.withUTF8Buffer { word in name.utf8.elementsEqual(word) { $0 | 0x20 == $1 | 0x20 } }
    }
}
