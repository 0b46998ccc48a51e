/// Carries out what tests tell a server in plain HTTP.
struct ServerControl {
    let record: ServerRecord
    let shelf: ToolShelf

    /// Obeys a POST to `path`.
    func obey(_ path: String, _ body: [UInt8]) -> ToolReply {
        switch path {
        case "/_stats/reset": record.reset()
        case "/_release": record.release()
        case "/_mode":
            guard let value = JSONValue(body) else { return ToolReply(status: .badRequest) }
            if value["forgetSessions"]?.flag == true { record.forgetSessions() }
            record.mode = Self.mode(value)
        case "/_tools":
            guard case .list(let names) = JSONValue(body)?["tools"], shelf.show(names.compactMap(\.text)) else {
                return ToolReply(status: .badRequest)
            }
        case "/_describe":
            guard let value = JSONValue(body), let tool = value["tool"]?.text, let description = value["description"]?.text,
                shelf.describe(tool, as: description)
            else { return ToolReply(status: .badRequest) }
        default: return ToolReply(status: .notFound)
        }
        return ToolReply(body: Array("{}".utf8))
    }

    private static func mode(_ value: JSONValue) -> ServerRecord.Mode {
        if value["hang"]?.flag == true { return .hang }
        if value["reset"]?.flag == true { return .reset }
        if value["drop"]?.flag == true { return .drop }
        if value["garbage"]?.flag == true { return .garbage }
        return value["status"]?.integer.map { .status($0) } ?? .normal
    }
}
