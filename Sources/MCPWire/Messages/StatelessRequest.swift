/// A request of a revision without a handshake, which says of itself all that a session would know, and repeats in its HTTP headers what
/// others on the way may want to read.
package struct StatelessRequest: Sendable {
    /// The headers that repeat the body; more than one value is an error of the sender's.
    package struct Headers: Sendable {
        let revision: String?
        let methods: [String]
        let names: [String]

        /// The values of `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name`.
        package init(revision: String?, methods: [String], names: [String]) {
            self.revision = revision
            self.methods = methods
            self.names = names
        }
    }

    package let id: RequestID
    package let method: String
    /// The agent's name and version, as it tells them.
    package let client: String?
    /// The agent's description of itself and of what it can do, as it is written: the same from one agent.
    package let sender: [UInt8]

    /// Judges a request: first what it says of itself, then whether its headers say the same, then whether its revision is served.
    package init(_ message: Message, headers: Headers) throws(Fault) {
        guard let id = message.id, let method = message.method, message.kind == .request else {
            throw .invalidRequest("not a request")
        }
        let document = message.document
        guard let revision = message.protocolVersionOfMeta else { throw .invalidParams(Self.missing(MetaKey.protocolVersion, "a string")) }
        guard let capabilities = document.value(.clientCapabilities, in: .paramsMeta), document.isObject(capabilities) else {
            throw .invalidParams(Self.missing(MetaKey.clientCapabilities, "an object"))
        }
        let info = document.value(.clientInfo, in: .paramsMeta)
        if let info, !document.isObject(info) { throw .invalidParams(Self.missing(MetaKey.clientInfo, "an object")) }
        if document.value(.logLevel, in: .paramsMeta) != nil,
            document.text(.logLevel, in: .paramsMeta).flatMap({ LogLevel(rawValue: $0) }) == nil
        {
            throw .invalidParams(Self.missing(MetaKey.logLevel, "a level of log messages"))
        }
        try headers.check(message, revision: revision, method: method)
        guard Dialect.modern.contains(revision) else { throw .unsupportedVersion(requested: revision) }
        let described = info.flatMap { document.object($0) }
        let version = described?.text("version", in: .other)
        self.id = id
        self.method = method
        client = described?.text(.name, in: .other).map { name in version.map { "\(name) \($0)" } ?? name }
        sender = (info.map { document.raw($0) } ?? []) + document.raw(capabilities)
    }

    private static func missing(_ key: String, _ kind: String) -> String { "params._meta[\"\(key)\"] must be \(kind)" }
}

extension StatelessRequest.Headers {
    /// The member of params that `Mcp-Name` repeats, for the methods that have one.
    private static let named = ["tools/call": "name", "prompts/get": "name", "resources/read": "uri"]

    fileprivate func check(_ message: Message, revision: String, method: String) throws(Fault) {
        guard self.revision == revision else { throw .headerMismatch("MCP-Protocol-Version is not the version in params._meta") }
        guard methods.count <= 1, names.count <= 1 else { throw .headerMismatch("Mcp-Method or Mcp-Name is given twice") }
        guard methods.first == method else { throw .headerMismatch("Mcp-Method is not the method") }
        guard let key = Self.named[method] else { return }
        guard names.first.flatMap({ HeaderValue.decoded($0) }) == message.paramText(key) else {
            throw .headerMismatch("Mcp-Name is not params.\(key)")
        }
    }
}
