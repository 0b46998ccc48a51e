import Governance
import MCPWire
import NIOCore
import Upstreams

/// What an upstream with a handshake asks the agent while it works on a call, and what the agent says to it. Belongs to the event loop of
/// the call.
final class Conversation {
    private struct Question {
        /// The upstream's own.
        let id: RequestID
        let progressToken: [UInt8]?
    }

    private let gateway: Gateway
    private let session: SessionID
    private let upstream: UpstreamName
    private let exchange: UpstreamExchange
    private let reply: any MessageReply
    private let loop: any EventLoop
    /// That of the call: until then an answer is waited for.
    private let deadline: NIODeadline
    private var open: [QuestionID: Question] = [:]

    init(
        _ exchange: UpstreamExchange, with upstream: UpstreamName, in session: SessionID, of gateway: Gateway, over reply: any MessageReply,
        on loop: any EventLoop, until deadline: NIODeadline
    ) {
        self.gateway = gateway
        self.session = session
        self.upstream = upstream
        self.exchange = exchange
        self.reply = reply
        self.loop = loop
        self.deadline = deadline
    }

    /// Puts the upstream's request to the agent on the call's own stream; the answer goes upstream whenever it comes.
    func ask(_ request: Message) async {
        guard let id = request.id else { return }
        let own = QuestionID(at: gateway.node)
        open[own] = Question(id: id, progressToken: request.progressTokenOfMeta)
        let bound = NIOLoopBound(self, eventLoop: loop)
        gateway.questions.ask(own, in: session) { message in
            bound.eventLoop.execute { bound.value.hear(message, of: own) }
        }
        await reply.notify(request.asked(under: own.requestID, by: upstream.text), until: deadline)
    }

    /// The upstream does not want to know any more.
    func withdraw(_ notification: Message) async {
        guard let id = notification.cancelledRequest, let own = open.first(where: { $0.value.id == id })?.key else { return }
        open[own] = nil
        gateway.questions.forget(own)
        await reply.notify(notification.cancelling(own.requestID), until: deadline)
    }

    /// The call is over: nobody waits for the answers that are still out, and an agent that waits for the call is told so.
    func end() async {
        let left = open.keys
        open = [:]
        for own in left { gateway.questions.forget(own) }
        for own in left where !Task.isCancelled {
            await reply.notify(Outgoing.cancelled(own.requestID, reason: "the call is over"), until: deadline)
        }
    }

    private func hear(_ message: Message, of own: QuestionID) {
        guard let question = open[own] else { return }
        if message.kind == .response {
            open[own] = nil
            exchange.respond(message.response(to: question.id))
        } else if let progress = question.progressToken.flatMap({ message.progress(under: $0) }) {
            exchange.respond(progress)
        }
    }
}
