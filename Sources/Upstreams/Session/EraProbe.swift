import Governance
import MCPWire
import NIOCore

/// Asks an upstream over Streamable HTTP whether it does without a handshake.
struct EraProbe {
    let link: Link
    let version: String

    static let noneInCommon = "speaks no protocol revision in common"

    /// What one question has shown.
    private enum Finding {
        case session(StatelessSession)
        case wantsHandshake
        /// It does without, in one of these revisions.
        case speaks([String])
    }

    /// A session without a handshake; nil where the upstream wants one. What says nothing of its era throws: no connection, no
    /// credentials, an upstream that is overloaded or being restarted.
    func session(on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> StatelessSession? {
        var revision = Dialect.newestModern
        for attempt in 1...2 {
            switch try await ask(in: revision, on: lane, before: deadline) {
            case .session(let session): return session
            case .wantsHandshake: return nil
            case .speaks(let versions):
                if let mutual = Dialect.mutualModern(among: versions), attempt == 1 {
                    revision = mutual
                } else if versions.isEmpty || versions.contains(where: { Dialect.named($0) != nil }) {
                    return nil
                } else {
                    throw .broken(reason: Self.noneInCommon)
                }
            }
        }
        return nil
    }

    /// An upstream may let a question hang that it does not understand. Half of the time that is left is enough for one that understands it,
    /// at seven round trips with TLS of 200 ms each, and leaves as much to the handshake and the list.
    private func ask(in revision: String, on lane: Lane, before deadline: NIODeadline) async throws(UpstreamFailure) -> Finding {
        let sender = Sender(revision: revision, clientVersion: version)
        let id = link.newID()
        let request = LinkRequest(
            body: Outgoing.discover(id: id, sender: sender), id: id, head: StatelessSession.head(Method.discover, of: sender, link),
            era: .modern)
        let now = NIODeadline.now()
        let patience = now + .nanoseconds(max(0, (deadline - now).nanoseconds / 2))
        do throws(UpstreamFailure) {
            switch try await link.ask(request, on: lane, before: patience) {
            case .answered(let stream, _):
                return try await judge(UpstreamExchange(stream, id: id, call: nil, lane: lane, backchannel: nil, era: .modern))
            case .rejected(let status, let answer):
                if let versions = answer?.supportedVersions { return .speaks(versions) }
                guard Self.showsHandshake(status) else { throw UpstreamFailure(status: status, answer) }
                return .wantsHandshake
            }
        } catch .timedOut {
            return .wantsHandshake
        }
    }

    private func judge(_ exchange: UpstreamExchange) async throws(UpstreamFailure) -> Finding {
        let answer: Answer
        do throws(UpstreamFailure) {
            guard case .answer(let found)? = try await exchange.next() else { return .wantsHandshake }
            answer = found
        } catch .timedOut {
            throw .timedOut
        } catch {
            return .wantsHandshake
        }
        if let versions = answer.supportedVersions { return .speaks(versions) }
        guard let result = try? DiscoverResult(answer), let mutual = Dialect.mutualModern(among: result.supportedVersions) else {
            return .wantsHandshake
        }
        let terms = SessionTerms(
            transport: .streamableHTTP, revision: mutual, capabilities: result.capabilities)
        return StatelessSession(terms, introduction: result.introduction, link: link, version: version).map { .session($0) }
            ?? .wantsHandshake
    }

    /// Whether a response of this status shows that the question was not understood, rather than that the upstream is in no state to answer,
    /// or not to us.
    static func showsHandshake(_ status: Int) -> Bool {
        switch status {
        case 200..<300, 500, 501: true
        case 401, 403, 407, 408, 429: false
        default: (400..<500).contains(status)
        }
    }
}
