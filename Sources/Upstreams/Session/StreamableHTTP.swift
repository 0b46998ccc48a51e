import Governance
import HTTPWire
import MCPWire
import NIOCore

/// Opens sessions over Streamable HTTP.
struct StreamableHTTP: UpstreamTransport {
    let link: Link
    /// The gateway's own version, told to the upstream.
    let version: String

    func open(
        remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        let id = link.newID()
        let body = Outgoing.initialize(id: id, revision: Dialect.newestHandshake.revision, clientVersion: version)
        let opened = try await link.open(body, id: id, head: link.endpoint.prepared(), inSession: false, on: lane, before: deadline)
        guard let (exchange, headers) = opened else { throw .broken(reason: "no session") }
        guard let result = try? InitializeResult(try await exchange.result()), Dialect.named(result.protocolVersion) != nil else {
            throw .broken(reason: "speaks no protocol revision in common")
        }
        let terms = SessionTerms(
            transport: .streamableHTTP, revision: result.protocolVersion, id: headers.first(name: "mcp-session-id"),
            offersTools: result.offersTools, announcesTools: result.announcesTools)
        guard let session = HandshakeSession(terms, server: result.server, link: link) else { throw .broken(reason: "unusable session id") }
        try await session.notify(Outgoing.initialized(), on: lane, before: deadline)
        return session
    }

    func resume(_ terms: SessionTerms) -> (any UpstreamSession)? {
        terms.transport == .streamableHTTP ? HandshakeSession(terms, link: link) : nil
    }
}

extension UpstreamExchange {
    /// The result that answers a request of the gateway's own; an error answer or none is a failure.
    func result() async throws(UpstreamFailure) -> Answer {
        guard case .answer(let answer)? = try await next() else { throw .broken(reason: "no answer") }
        if case .error(let code) = answer.kind { throw .broken(reason: "answered with error \(code)") }
        return answer
    }
}
