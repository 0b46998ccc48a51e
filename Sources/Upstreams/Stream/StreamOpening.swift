import Governance
import MCPWire
import NIOCore

/// The opening of a session on a shared stream: which era the upstream is of, and the handshake.
struct StreamOpening: Sendable {
    let stream: SharedStream
    let carrier: any Carrier
    let transport: UpstreamDocument.Transport
    /// The gateway's own version, told to the upstream.
    let version: String
    let lane: Lane

    /// Opens a session in a revision with a handshake.
    func handshake(before deadline: NIODeadline) async throws(UpstreamFailure) -> StreamSession {
        let id = stream.newID()
        let body = Outgoing.initialize(id: id, revision: Dialect.newestHandshake.revision, clientVersion: version)
        let answer = try await answer(to: body, id: id, before: deadline)
        guard let result = try? InitializeResult(answer), Dialect.named(result.protocolVersion) != nil else {
            throw .broken(reason: "speaks no protocol revision in common")
        }
        let terms = SessionTerms(
            transport: transport, revision: result.protocolVersion, offersTools: result.offersTools, announcesTools: result.announcesTools)
        guard try await carrier.send(Outgoing.initialized(), isCall: false, on: lane, before: deadline) else { throw Self.noSession }
        return StreamSession(terms, server: result.server, stream: stream, carrier: carrier, wording: Wording())
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
