import MCPWire
import NIOCore

/// A session over Streamable HTTP in a revision with a handshake.
final class HandshakeSession: UpstreamSession {
    let terms: SessionTerms
    let introduction: Introduction?
    /// The agent in whose name it was opened.
    private let profile: ClientProfile?
    private let link: Link
    private let head: PreparedHead
    /// Of the GETs, which open streams.
    private let streamHead: PreparedHead
    private let lines: [HeaderLine]

    /// Nil where the id has other characters than the visible ASCII ones, or the revision is not one with a handshake.
    init?(_ terms: SessionTerms, introduction: Introduction? = nil, as profile: ClientProfile?, link: Link) {
        guard let dialect = Dialect.named(terms.revision) else { return nil }
        var lines: [HeaderLine] = []
        if dialect.sendsVersionHeader { lines.append(("MCP-Protocol-Version", dialect.revision)) }
        if let id = terms.id {
            guard !id.isEmpty, id.utf8.count <= 1024, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            lines.append(("Mcp-Session-Id", id))
        }
        self.terms = terms
        self.introduction = introduction
        self.profile = profile
        self.link = link
        self.lines = lines
        head = link.endpoint.prepared(lines)
        streamHead = link.endpoint.prepared(lines, method: .get)
    }

    func send(
        _ request: UpstreamRequest, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange? {
        let id = link.newID()
        let route = route(on: lane)
        let message = LinkRequest(
            body: request.message(id: id), id: id, head: head, extra: request.traceHeaders, call: request.call, backchannel: route)
        switch try await link.ask(message, on: lane, before: deadline) {
        case .answered(let stream, _):
            if request.call != nil, stream.isEventStream {
                stream.resumption = Resumption(link: link, lane: lane, head: streamHead, deadline: deadline)
            }
            return UpstreamExchange(stream, id: id, call: request.call, lane: lane, backchannel: route, profile: profile)
        case .rejected(status: 404, _) where terms.id != nil: return nil
        case .rejected(let status, let answer): throw UpstreamFailure(status: status, answer)
        }
    }

    /// Sends a notification; returns when the upstream has accepted it.
    func notify(_ body: [UInt8], on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) {
        try await link.notify(body, head: head, on: lane, before: deadline)
    }

    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening {
        guard let stream = try await stream(on: lane) else { return .unsupported }
        heard(.connected)
        let route = route(on: lane)
        var patience = Ear.Patience()
        _ = await Ear(stream: stream).listen { message in
            if let notice = Notice(message) { heard(notice) }
            if message.kind == .request, patience.allows() { route.answer(message) }
            return true
        }
        return .ended
    }

    func hear(
        on lane: Lane, after place: StreamPlace?, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd {
        guard let stream = try await stream(on: lane, after: place?.event) else { return .unsupported }
        heard(nil)
        _ = await Ear(stream: stream).listen { message in
            heard(message)
            return true
        }
        return .ended(stream.place)
    }

    /// The stream on which the upstream tells of itself, behind that event of an earlier one; nil where it offers none.
    private func stream(on lane: Lane, after event: String? = nil) async throws(UpstreamFailure) -> ResponseStream? {
        let extra: [HeaderLine] = event.map { [("Last-Event-ID", $0)] } ?? []
        let request = LinkRequest(head: streamHead, extra: extra, silence: Ear.silence)
        switch try await link.ask(request, on: lane, before: .now() + Ear.opening) {
        case .rejected(let status, let answer):
            guard Ear.refusals.contains(status) || (200..<300).contains(status) else { throw UpstreamFailure(status: status, answer) }
            return nil
        case .answered(let stream, _):
            if stream.isEventStream { return stream }
            stream.cancel()
            return nil
        }
    }

    func post(_ message: [UInt8], on lane: Lane) {
        let head = head
        lane.eventLoop.execute { lane.post(message, under: head) }
    }

    func close(on lane: Lane) {
        guard terms.id != nil else { return }
        let head = link.endpoint.prepared(lines, method: .delete)
        lane.eventLoop.execute { lane.post([], under: head) }
    }

    private func route(on lane: Lane) -> Route { Route(lane: lane, head: head) }
}
