/// An agent's `initialize`.
package struct InitializeRequest: Sendable, Hashable {
    /// The revision the agent would like, whatever it is.
    package let protocolVersion: String
    package let clientName: String?
    package let clientVersion: String?

    /// Reads the request's params.
    package init(_ message: Message) throws(WireError) {
        guard message.kind == .request, message.method == Method.initialize else { throw .invalidRequest(message.id) }
        guard let version = message.paramText("protocolVersion") else {
            throw .invalidParams(message.id, "params.protocolVersion must be a string")
        }
        let document = message.document
        let client = document.value("clientInfo", in: .params).flatMap { document.object($0) }
        protocolVersion = version
        clientName = client?.text(.name, in: .other)
        clientVersion = client?.text("version", in: .other)
    }
}
