/// An upstream's answer to our `initialize`.
package struct InitializeResult: Sendable, Hashable {
    package let protocolVersion: String
    package let serverName: String?
    package let serverVersion: String?
    package let introduction: Introduction
    /// What it says that it has.
    package let capabilities: ServerCapabilities

    /// Reads a result that names a revision.
    package init(_ answer: Answer) throws(WireError) {
        let document = answer.message.document
        guard case .result = answer.kind, let version = document.text("protocolVersion", in: .result) else {
            throw .invalidRequest(answer.id)
        }
        let server = document.value("serverInfo", in: .result).flatMap { document.object($0) }
        protocolVersion = version
        serverName = server?.text(.name, in: .other)
        serverVersion = server?.text("version", in: .other)
        introduction = Introduction(name: serverName, version: serverVersion, instructions: document.text("instructions", in: .result))
        capabilities = document.serverCapabilities
    }
}
