/// A request of a revision without a handshake, which says of itself all that a session would know, and repeats in its HTTP headers what
/// others on the way may want to read.
package struct StatelessRequest: Sendable {
    /// The headers that repeat the body, as bytes.
    package struct Headers: Sendable {
        let revision, method, name: ArraySlice<UInt8>?
        /// More than one value is an error of the sender's.
        let areRepeated: Bool

        /// The values of `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name`; `areRepeated`: one of the last two is given twice.
        package init(revision: ArraySlice<UInt8>?, method: ArraySlice<UInt8>?, name: ArraySlice<UInt8>?, areRepeated: Bool) {
            self.revision = revision
            self.method = method
            self.name = name
            self.areRepeated = areRepeated
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
        try Self.checkLogLevel(of: message)
        try headers.check(message, revision: revision, method: method)
        guard Dialect.modern.contains(revision) else { throw .unsupportedVersion(requested: revision) }
        let described = info.flatMap { document.object($0) }
        let version = described?.text("version", in: .other)
        self.id = id
        self.method = method
        client = described?.text(.name, in: .other).map { name in version.map { "\(name) \($0)" } ?? name }
        sender = (info.map { document.raw($0) } ?? []) + document.raw(capabilities)
    }

    /// Judges a request in which the agent says of itself what it said before.
    package init(_ message: Message, headers: Headers, of agent: AgentDescription) throws(Fault) {
        guard let id = message.id, let method = message.method, message.kind == .request else {
            throw .invalidRequest("not a request")
        }
        try Self.checkLogLevel(of: message)
        try headers.check(message, revision: agent.revision, method: method)
        self.id = id
        self.method = method
        client = agent.client
        sender = agent.sender
    }

    private static func checkLogLevel(of message: Message) throws(Fault) {
        let document = message.document
        guard document.value(.logLevel, in: .paramsMeta) != nil else { return }
        if document.text(.logLevel, in: .paramsMeta).flatMap({ LogLevel(rawValue: $0) }) == nil {
            throw .invalidParams(missing(MetaKey.logLevel, "a level of log messages"))
        }
    }

    private static func missing(_ key: String, _ kind: String) -> String { "params._meta[\"\(key)\"] must be \(kind)" }
}

extension StatelessRequest.Headers {
    /// The member of params that `Mcp-Name` repeats, for the methods that have one.
    private static func named(by method: String) -> KnownKey? {
        switch method {
        case Method.toolsCall, Method.promptsGet: .name
        case Method.resourcesRead: .uri
        default: nil
        }
    }

    fileprivate func check(_ message: Message, revision: String, method: String) throws(Fault) {
        guard Self.spell(self.revision, revision) else { throw .headerMismatch("MCP-Protocol-Version is not the version in params._meta") }
        guard !areRepeated else { throw .headerMismatch("Mcp-Method or Mcp-Name is given twice") }
        guard Self.spell(self.method, method) else { throw .headerMismatch("Mcp-Method is not the method") }
        guard let key = Self.named(by: method) else { return }
        guard repeatsName(message, key) else { throw .headerMismatch("Mcp-Name is not params.\(key)") }
    }

    private static func spell(_ value: ArraySlice<UInt8>?, _ text: String) -> Bool { value?.withUnsafeBytes { $0.holds(text) } ?? false }

    private func repeatsName(_ message: Message, _ key: KnownKey) -> Bool {
        let document = message.document
        let place = document.value(key, in: .params)
        if let place, let name, Self.isPlain(name), Self.isWritten(name, at: place, of: document) { return true }
        return name.flatMap { HeaderValue.decoded(String(decoding: $0, as: UTF8.self)) } == place.flatMap { document.text($0) }
    }

    /// True for what a JSON string and a header spell in the same bytes.
    private static func isPlain(_ value: ArraySlice<UInt8>) -> Bool {
        value.withUnsafeBytes { value in
            guard let first = value.first, first != UInt8(ascii: "=") else { return false }
            for byte in value {
                guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\\"), byte != UInt8(ascii: "\"") else { return false }
            }
            return true
        }
    }

    /// True where the value at `place` is a string of just these bytes.
    private static func isWritten(_ name: ArraySlice<UInt8>, at place: Range<Int>, of document: JSONDocument) -> Bool {
        guard place.count == name.count + 2, document.bytes[place.lowerBound] == UInt8(ascii: "\"") else { return false }
        return name.withUnsafeBytes { name in
            document.bytes.withUnsafeBytes {
                UnsafeRawBufferPointer(rebasing: $0[place.lowerBound + 1..<place.upperBound - 1]).holds(name)
            }
        }
    }
}
