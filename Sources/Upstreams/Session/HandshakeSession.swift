import MCPWire
import NIOCore

/// A session over Streamable HTTP in a revision with a handshake.
final class HandshakeSession: UpstreamSession {
    let terms: SessionTerms
    let server: String?
    private let link: Link
    private let head: PreparedHead
    private let lines: [HeaderLine]

    /// Nil where the id has other characters than the visible ASCII ones, or the revision is not one with a handshake.
    init?(_ terms: SessionTerms, server: String? = nil, link: Link) {
        guard let dialect = Dialect.named(terms.revision) else { return nil }
        var lines: [HeaderLine] = []
        if dialect.sendsVersionHeader { lines.append(("MCP-Protocol-Version", dialect.revision)) }
        if let id = terms.id {
            guard !id.isEmpty, id.utf8.count <= 1024, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            lines.append(("Mcp-Session-Id", id))
        }
        self.terms = terms
        self.server = server
        self.link = link
        self.lines = lines
        head = link.endpoint.prepared(lines)
    }

    func send(
        _ request: UpstreamRequest, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange? {
        let id = link.newID()
        let opened = try await link.open(
            request.message(id: id), id: id, head: head, inSession: terms.id != nil, call: request.call, on: lane, before: deadline)
        return opened?.exchange
    }

    /// Sends a notification; returns when the upstream has accepted it.
    func notify(_ body: [UInt8], on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) {
        try await link.notify(body, head: head, on: lane, before: deadline)
    }

    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening {
        .unsupported
    }

    func close(on lane: Lane) {
        guard terms.id != nil, let request = try? link.endpoint.prepared(lines, method: .delete).request([]) else { return }
        let origin = link.endpoint.origin
        lane.eventLoop.execute { lane.post(request, to: origin) }
    }
}
