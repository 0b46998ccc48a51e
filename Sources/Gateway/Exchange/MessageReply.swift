import Governance
import Logging
import MCPWire
import NIOCore
import NIOHTTP1

/// Where the messages of one request go; belongs to an event loop.
protocol MessageReply: AnyObject {
    /// Sends a message ahead of the answer; waits while the reader is slow, at most until the call's deadline.
    func notify(_ message: [UInt8], until deadline: NIODeadline) async
    /// Sends the answer; `status` and `headers` count where HTTP can still tell them.
    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async
    /// Ends without an answer, which the agent does not want any more.
    func abandon() async
}

extension MessageReply {
    /// Sends an answer that needs no header.
    func finish(_ message: [UInt8], status: Int = 200) async { await finish(message, status: status, headers: [:]) }

    /// Where nothing waits for an end, there is nothing to do.
    func abandon() async {}
}

/// HTTP+SSE: everything goes to the session's stream, on whichever node holds it.
final class StreamReply: MessageReply {
    private let gateway: Gateway
    private let session: Session
    private let agent: Agent

    init(_ gateway: Gateway, session: Session, of agent: Agent) {
        self.agent = agent
        self.gateway = gateway
        self.session = session
    }

    func notify(_ message: [UInt8], until deadline: NIODeadline) async { await deliver(message) }

    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async { await deliver(message) }

    private func deliver(_ message: [UInt8]) async {
        do {
            let isDelivered = try await gateway.deliver(message, toStreamOf: session)
            // A stream that was here has been closed by its agent, who needs no answer.
            guard !isDelivered, let owner = session.owner, owner != gateway.node else { return }
            gateway.logger(of: agent).warning(
                "a message was lost with the node that held its stream", metadata: ["session": "\(session.id)"])
        } catch {
            gateway.logger(of: agent).warning(
                "a message did not reach its stream", metadata: ["session": "\(session.id)", "error": "\(error)"])
        }
    }
}
