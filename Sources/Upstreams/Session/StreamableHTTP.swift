import Governance
import HTTPWire
import MCPWire
import NIOCore

/// Opens sessions over Streamable HTTP and finds out whether the upstream wants a handshake.
///
/// What was agreed the last time is tried first. A new upstream is asked by `server/discover`, whose answer costs one of the handshake's kind
/// one round trip, once.
struct StreamableHTTP: UpstreamTransport {
    let link: Link
    /// The gateway's own version, told to the upstream.
    let version: String

    /// What came of an attempt.
    enum Opening {
        case session(any UpstreamSession)
        /// The first message of the handshake was answered otherwise; 200 with the error in the answer.
        case rejected(status: Int, Answer?)
    }

    func open(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        switch try await attempt(as: profile, remembering: terms, on: lane, before: deadline) {
        case .session(let session): return session
        case .rejected(let status, let answer): throw Self.failure(status, answer)
        }
    }

    /// The failure that a rejected handshake is.
    static func failure(_ status: Int, _ answer: Answer?) -> UpstreamFailure {
        if status == 200, case .error(let code) = answer?.kind { return .broken(reason: "answered with error \(code)") }
        return UpstreamFailure(status: status, answer)
    }

    /// Tries what was agreed the last time, and where that is refused, or nothing was, both eras.
    func attempt(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> Opening {
        let isOfHandshake = terms.map { $0.transport == .streamableHTTP && Dialect.named($0.revision) != nil } ?? false
        guard isOfHandshake else {
            if let session = try await probe(on: lane, before: deadline) { return .session(session) }
            let opening = try await handshake(as: profile, on: lane, before: deadline)
            // A probe may have been too slow for us: this error is as good as its answer.
            guard case .rejected(_, let answer?) = opening, answer.supportedVersions != nil else { return opening }
            return try await probe(on: lane, before: deadline).map { .session($0) } ?? opening
        }
        let opening = try await handshake(as: profile, on: lane, before: deadline)
        guard case .rejected(let status, _) = opening, EraProbe.showsHandshake(status) else { return opening }
        return try await probe(on: lane, before: deadline).map { .session($0) } ?? opening
    }

    func resume(_ terms: SessionTerms, as profile: ClientProfile?) -> (any UpstreamSession)? {
        guard terms.transport == .streamableHTTP else { return nil }
        return StatelessSession(terms, link: link, version: version) ?? HandshakeSession(terms, as: profile, link: link)
    }

    private func probe(on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> StatelessSession? {
        try await EraProbe(link: link, version: version).session(on: lane, before: deadline)
    }

    private func handshake(as profile: ClientProfile?, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> Opening
    {
        let id = link.newID()
        let body = Outgoing.initialize(id: id, revision: Dialect.newestHandshake.revision, clientVersion: version, profile: profile)
        let request = LinkRequest(body: body, id: id, head: link.endpoint.prepared())
        switch try await link.ask(request, on: lane, before: deadline) {
        case .rejected(let status, let answer): return .rejected(status: status, answer)
        case .answered(let stream, let session):
            let exchange = UpstreamExchange(stream, id: id, call: nil, lane: lane, backchannel: nil)
            guard case .answer(let answer)? = try await exchange.next() else { throw .broken(reason: "no answer") }
            if case .error = answer.kind { return .rejected(status: 200, answer) }
            return .session(try await confirm(answer, of: profile, id: session, on: lane, before: deadline))
        }
    }

    /// Reads the answer to `initialize` and confirms it.
    private func confirm(
        _ answer: Answer, of profile: ClientProfile?, id: String?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> HandshakeSession {
        guard let result = try? InitializeResult(answer), Dialect.named(result.protocolVersion) != nil else {
            throw .broken(reason: EraProbe.noneInCommon)
        }
        let terms = SessionTerms(
            transport: .streamableHTTP, revision: result.protocolVersion, id: id, capabilities: result.capabilities)
        guard let session = HandshakeSession(terms, introduction: result.introduction, as: profile, link: link) else {
            throw .broken(reason: "unusable session id")
        }
        try await session.notify(Outgoing.initialized(), on: lane, before: deadline)
        return session
    }
}
