import MCPWire
import NIOCore

/// An upstream of a revision without a handshake: nothing is kept there, each request says all of itself.
final class StatelessSession: UpstreamSession {
    let terms: SessionTerms
    let introduction: Introduction?
    private let link: Link
    private let sender: Sender
    /// By method.
    private let heads: [String: PreparedHead]

    /// Nil where the revision is none that we speak without a handshake. `version` is the gateway's own.
    init?(_ terms: SessionTerms, introduction: Introduction? = nil, link: Link, version: String) {
        guard Dialect.modern.contains(terms.revision) else { return nil }
        self.terms = terms
        self.introduction = introduction
        self.link = link
        sender = Sender(revision: terms.revision, clientVersion: version)
        let methods = [Method.toolsList] + Listing.allCases.map(\.method) + ForwardedRequest.methods
        heads = Dictionary(uniqueKeysWithValues: methods.map { [sender] in ($0, Self.head($0, of: sender, link)) })
    }

    /// The head of all requests of this method.
    static func head(_ method: String, of sender: Sender, _ link: Link) -> PreparedHead {
        link.endpoint.prepared([("MCP-Protocol-Version", sender.revision), ("Mcp-Method", method)])
    }

    func send(
        _ request: UpstreamRequest, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> UpstreamExchange? {
        let id = link.newID()
        let message = LinkRequest(
            body: request.message(id: id, sender: sender), id: id,
            head: heads[request.method] ?? Self.head(request.method, of: sender, link),
            extra: request.headers,
            call: request.call, era: .modern)
        switch try await link.ask(message, on: lane, before: deadline) {
        case .answered(let stream, _):
            return UpstreamExchange(
                stream, id: id, call: request.call, lane: lane, backchannel: nil, profile: request.profile, era: .modern)
        case .rejected(_, let answer?) where Self.isOver(answer, asked: id): return nil
        case .rejected(let status, let answer): throw UpstreamFailure(status: status, answer)
        }
    }

    /// The upstream does not speak the revision any more, or, by an error addressed to nobody, wants a session: its era has changed.
    private static func isOver(_ answer: Answer, asked id: Int) -> Bool {
        answer.kind == .error(code: ErrorCode.unsupportedVersion)
            || answer.kind == .error(code: ErrorCode.invalidRequest) && answer.id?.number != id
    }

    func listen(on lane: Lane, _ heard: @escaping @Sendable (Notice) -> Void) async throws(UpstreamFailure) -> Listening {
        let id = link.newID()
        let request = LinkRequest(
            body: Outgoing.listen(id: id, to: terms.capabilities, sender: sender), id: id, head: Self.head(Method.listen, of: sender, link),
            era: .modern,
            silence: Ear.silence)
        switch try await link.ask(request, on: lane, before: .now() + Ear.opening) {
        case .rejected(let status, let answer):
            let isUnknown = Ear.refusals.contains(status) || (200..<300).contains(status)
            guard isUnknown || answer?.kind == .error(code: ErrorCode.methodNotFound) else { throw UpstreamFailure(status: status, answer) }
            return .unsupported
        case .answered(let stream, _):
            return await listen(to: stream, id: id, heard)
        }
    }

    /// The stream begins with what the upstream will tell; all that follows is tagged with the request's number.
    private func listen(to stream: ResponseStream, id: Int, _ heard: (Notice) -> Void) async -> Listening {
        var isConnected = false
        var isRefused = false
        _ = await Ear(stream: stream).listen { message in
            switch message.method {
            case Method.acknowledged where message.subscription == id:
                guard message.acknowledgesChanges else { return false }
                isConnected = true
                heard(.connected)
            case nil:
                // The end, or a refusal that came as an answer.
                if let answer = try? Answer(message, era: .modern), case .error = answer.kind { isRefused = true }
                return isConnected && !isRefused
            default:
                if message.subscription == id, let notice = Notice(message) { heard(notice) }
            }
            return true
        }
        return isConnected ? .ended : .unsupported
    }

    func watch(
        _ uris: [String], on lane: Lane, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd {
        let id = link.newID()
        let request = LinkRequest(
            body: Outgoing.listen(id: id, to: SubscriptionFilter(lists: [], resources: uris), sender: sender), id: id,
            head: Self.head(Method.listen, of: sender, link), era: .modern, silence: Ear.silence)
        guard case .answered(let stream, _) = try await link.ask(request, on: lane, before: .now() + Ear.opening) else {
            return .unsupported
        }
        var isAgreed = false
        _ = await Ear(stream: stream).listen { message in
            if message.method == Method.acknowledged, message.subscription == id {
                isAgreed = true
                heard(nil)
            } else if isAgreed, message.kind == .notification {
                heard(message)
            }
            return message.kind != .response
        }
        return isAgreed ? .ended(nil) : .unsupported
    }

    /// Outside of its answers it says nothing.
    func hear(
        on lane: Lane, after place: StreamPlace?, _ heard: @escaping @Sendable (Message?) -> Void
    ) async throws(UpstreamFailure) -> HearingEnd { .unsupported }

    /// It takes nothing but requests.
    func post(_ message: [UInt8], on lane: Lane) {}

    /// There is nothing to end.
    func close(on lane: Lane) {}
}
