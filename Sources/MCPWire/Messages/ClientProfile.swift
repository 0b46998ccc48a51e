/// What a client says of itself and of what it can do: told to the upstreams that are used in its name. Shared by all its requests.
package final class ClientProfile: Sendable {
    /// Its name, version and the like, a JSON object as the client wrote it.
    package let info: [UInt8]?
    /// What it can do, a JSON object as the client wrote it, without what satgate does not pass through: tasks.
    package let capabilities: [UInt8]
    /// What upstreams may ask it.
    package let abilities: ClientAbilities

    /// Bytes that both together may have.
    package static let limit = 16 * 1024

    /// Nil where `capabilities` is no JSON object, `info` is one that cannot be read, or both are too long.
    package init?(info: [UInt8]?, capabilities: [UInt8]) {
        guard (info?.count ?? 0) + capabilities.count <= Self.limit, let document = try? JSONDocument(capabilities, as: .other),
            document.isObject(document.root), !document.isAmbiguous
        else { return nil }
        if let info {
            guard let described = try? JSONDocument(info, as: .other), described.isObject(described.root) else { return nil }
        }
        self.info = info
        self.capabilities = Self.withoutTasks(document)
        abilities = document.clientAbilities
    }

    private static func withoutTasks(_ document: JSONDocument) -> [UInt8] {
        var edits = JSONEdits()
        edits.removeMembers(of: .other, in: document) { document.key(of: $0, is: "tasks") }
        if let range = document.value("extensions", in: .other), let extensions = document.object(range) {
            edits.removeMembers(of: .other, in: extensions) { extensions.key(of: $0, is: "\(MetaKey.protocols)tasks") }
        }
        return edits.applied(to: document.bytes, in: document.root)
    }
}

extension InitializeRequest {
    /// What the agent says of itself; nil where that cannot be read.
    package static func profile(in message: Message) -> ClientProfile? {
        ClientProfile(info: message.paramToken("clientInfo"), capabilities: message.paramToken("capabilities") ?? Array("{}".utf8))
    }
}

extension StatelessRequest {
    /// What the agent says of itself in a request of a revision without a handshake; nil where that is too long.
    package static func profile(in message: Message) -> ClientProfile? {
        let document = message.document
        guard let capabilities = document.value(.clientCapabilities, in: .paramsMeta) else { return nil }
        let info = document.value(.clientInfo, in: .paramsMeta)
        return ClientProfile(info: info.map { document.raw($0) }, capabilities: document.raw(capabilities))
    }
}
