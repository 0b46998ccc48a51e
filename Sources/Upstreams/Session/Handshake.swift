import HTTPWire
import MCPWire
import NIOCore

/// Opens sessions and lists tools: the control side of one upstream. Every step ends by the same deadline, which really cancels.
struct Handshake: Sendable {
    let link: Link
    let lane: Lane
    /// The gateway's own version, told to the upstream.
    let version: String
    let deadline: NIODeadline

    /// Pages and tools beyond these mean that the list never ends.
    static let maximumPages = 100
    static let maximumTools = 10_000
    /// The bytes of all definitions of one upstream.
    static let maximumBytes = 16 * 1024 * 1024

    /// Initializes a session, with no capability declared.
    func openSession() async throws(UpstreamFailure) -> UpstreamSession {
        let id = link.newID()
        let body = Outgoing.initialize(id: id, revision: Dialect.newestHandshake.revision, clientVersion: version)
        let opened = try await link.open(
            body, id: id, head: link.endpoint.prepared(), inSession: false, on: lane, before: deadline)
        guard case .exchange(let exchange, let headers) = opened else { throw .broken(reason: "no session") }
        let answer = try succeeded(try await answer(of: exchange))
        guard let result = try? InitializeResult(answer), let dialect = Dialect.named(result.protocolVersion) else {
            throw .broken(reason: "speaks no protocol revision in common")
        }
        let sessionID = headers.first(name: "mcp-session-id")
        guard
            let session = UpstreamSession(
                endpoint: link.endpoint, dialect: dialect, id: sessionID, offersTools: result.offersTools)
        else {
            throw .broken(reason: "unusable session id")
        }
        try await link.notify(Outgoing.initialized(), head: session.head, on: lane, before: deadline)
        return session
    }

    /// All tools of the upstream in its own order; nil when it knows no such session.
    func listTools(in session: UpstreamSession) async throws(UpstreamFailure) -> [ToolDefinition]? {
        var tools: [ToolDefinition] = []
        var bytes = 0
        var seen: Set<String> = []
        var cursor: String?
        for _ in 0..<Self.maximumPages {
            let id = link.newID()
            let opened = try await link.open(
                Outgoing.toolsList(id: id, cursor: cursor), id: id, head: session.head, inSession: session.hasID, on: lane,
                before: deadline)
            guard case .exchange(let exchange, _) = opened else { return nil }
            let answer = try await answer(of: exchange)
            if case .error = answer.kind, !session.offersTools { return [] }
            let result = try succeeded(answer)
            guard let page = try? ToolPage(result) else { throw .broken(reason: "unreadable list of tools") }
            tools += page.tools
            bytes += page.tools.reduce(0) { $0 + $1.bytes.count }
            guard tools.count <= Self.maximumTools else { throw .broken(reason: "more than \(Self.maximumTools) tools") }
            guard bytes <= Self.maximumBytes else { throw .broken(reason: "a list of tools too large") }
            guard let next = page.nextCursor else { return tools }
            guard seen.insert(next).inserted else { throw .broken(reason: "a cursor repeats") }
            cursor = next
        }
        throw .broken(reason: "more than \(Self.maximumPages) pages of tools")
    }

    private func answer(of exchange: UpstreamExchange) async throws(UpstreamFailure) -> Answer {
        guard case .answer(let answer)? = try await exchange.next() else { throw .broken(reason: "no answer") }
        return answer
    }

    private func succeeded(_ answer: Answer) throws(UpstreamFailure) -> Answer {
        if case .error(let code) = answer.kind { throw .broken(reason: "answered with error \(code)") }
        return answer
    }
}
