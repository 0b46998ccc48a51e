import Governance
import MCPWire
import NIOCore

/// The opening of a session on a shared stream: which era the upstream is of, and the handshake where it wants one.
struct StreamOpening: Sendable {
    let stream: SharedStream
    let carrier: any Carrier
    let transport: UpstreamDocument.Transport
    /// The gateway's own version, told to the upstream.
    let version: String
    let lane: Lane
    /// How long an upstream may think about a question that it may not understand, or that finds it still starting.
    var patience = TimeAmount.seconds(5)

    /// Opens a session of either era. What was agreed the last time is tried first; a new upstream is asked by `server/discover`.
    func agreement(remembering terms: SessionTerms?, before deadline: NIODeadline) async throws(UpstreamFailure) -> StreamSession.Agreement
    {
        let wantedHandshake = terms.map { $0.transport == transport && Dialect.named($0.revision) != nil } ?? false
        if !wantedHandshake, let session = try await discovery(before: deadline) { return session }
        do throws(UpstreamFailure) {
            return try await handshake(before: deadline)
        } catch .refused(let answer) {
            // It may have changed, or the question may have come too early.
            if let agreement = try await discovery(before: deadline) { return agreement }
            throw .refused(answer)
        }
    }

    /// Opens a session in a revision with a handshake; throws `refused` where the upstream answers it with an error.
    func handshake(as profile: ClientProfile? = nil, before deadline: NIODeadline) async throws(UpstreamFailure) -> StreamSession.Agreement
    {
        let id = stream.newID()
        let body = Outgoing.initialize(id: id, revision: Dialect.newestHandshake.revision, clientVersion: version, profile: profile)
        let answer = try await answer(to: body, id: id, before: deadline)
        if case .error = answer.kind { throw .refused(answer) }
        guard let result = try? InitializeResult(answer), Dialect.named(result.protocolVersion) != nil else {
            throw .broken(reason: EraProbe.noneInCommon)
        }
        let terms = SessionTerms(
            transport: transport, revision: result.protocolVersion, capabilities: result.capabilities)
        guard try await carrier.send(Outgoing.initialized(), isCall: false, on: lane, before: deadline) else { throw Self.noSession }
        return StreamSession.Agreement(terms: terms, introduction: result.introduction, wording: Wording(sender: nil))
    }

    /// A session without a handshake; nil where the upstream wants one, or is silent.
    private func discovery(before deadline: NIODeadline) async throws(UpstreamFailure) -> StreamSession.Agreement? {
        let id = stream.newID()
        let sender = Sender(revision: Dialect.newestModern, clientVersion: version)
        let answer: Answer
        do throws(UpstreamFailure) {
            let body = Outgoing.discover(id: id, sender: sender)
            answer = try await self.answer(to: body, id: id, before: min(deadline, .now() + patience))
        } catch .timedOut {
            return nil
        }
        let result = try? DiscoverResult(answer)
        guard let versions = answer.supportedVersions ?? result?.supportedVersions else { return nil }
        guard let result, Dialect.mutualModern(among: versions) == sender.revision else {
            guard versions.isEmpty || versions.contains(where: { Dialect.named($0) != nil }) else {
                throw .broken(reason: EraProbe.noneInCommon)
            }
            return nil
        }
        stream.leaveRequestsUnanswered()
        let terms = SessionTerms(
            transport: transport, revision: sender.revision, capabilities: result.capabilities)
        return StreamSession.Agreement(terms: terms, introduction: result.introduction, wording: Wording(sender: sender))
    }

    /// The answer to a request of the gateway's own.
    private func answer(to body: [UInt8], id: Int, before deadline: NIODeadline) async throws(UpstreamFailure) -> Answer {
        guard let mailbox = stream.mailbox(id, on: lane.eventLoop, before: deadline) else { throw Self.noSession }
        guard try await carrier.send(body, isCall: false, on: lane, before: deadline) else { throw Self.noSession }
        do throws(HTTPFailure) {
            while true {
                // What the upstream asks meanwhile is put there too.
                let message = try await mailbox.next()
                if let answer = try? Answer(message) { return answer }
            }
        } catch {
            throw UpstreamFailure(error)
        }
    }

    private static let noSession = UpstreamFailure.broken(reason: "no session")
}
