import Governance
import MCPWire
import NIOCore
import NIOPosix
import Upstreams

extension CallExchange {
    /// How often an upstream may ask for input ahead of one answer.
    static var mostRounds: Int { 10 }

    /// Passes on what the upstream says of the call until its answer; its questions go to the agent, and may be open at the same time.
    func answer(
        of exchange: UpstreamExchange, for held: HeldCall, until deadline: NIODeadline
    ) async throws(UpstreamFailure) -> Answer {
        var conversation: Conversation?
        do throws(UpstreamFailure) {
            while let item = try await exchange.next() {
                switch item {
                case .progress(let message): await reply.notify(message, until: deadline)
                case .log(let message):
                    if let level = message.loggedLevel, agent.wants(level) { await reply.notify(message.relayed(), until: deadline) }
                case .asked(let question):
                    if let rounds {
                        try await ask(question, of: held, over: rounds, on: exchange)
                        continue
                    }
                    conversation = conversation ?? self.conversation(over: exchange, with: held.routed.target.upstream, until: deadline)
                    if let conversation {
                        await conversation.ask(question)
                    } else if let id = question.id {
                        exchange.respond(Outgoing.methodNotFound(id: id))
                    }
                case .elicited(let message): if agent.era == .legacy { await reply.notify(message.relayed(), until: deadline) }
                case .withdrawn(let message): await conversation?.withdraw(message)
                case .answer(let answer):
                    await conversation?.end()
                    return answer
                }
            }
            throw .broken(reason: "the stream ended before the answer")
        } catch {
            await conversation?.end()
            throw error
        }
    }

    /// Nil where nothing can be asked in the middle of a call: without a handshake there is no way.
    private func conversation(
        over exchange: UpstreamExchange, with upstream: UpstreamName, until deadline: NIODeadline
    ) -> Conversation? {
        guard agent.era == .legacy, let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return nil }
        return Conversation(
            exchange, with: upstream, in: agent.session.id, of: gateway, over: reply, on: loop, until: deadline)
    }

    /// What an upstream without a handshake wants to know before it goes on, of an agent with one.
    func input(
        for answer: Answer, of upstream: UpstreamName, until deadline: NIODeadline
    ) async throws(UpstreamFailure) -> Continuation {
        guard agent.era == .legacy, let loop = MultiThreadedEventLoopGroup.currentEventLoop else { throw .needsInput }
        return try await Inquiry(gateway: gateway, agent: agent, reply: reply, upstream: upstream, deadline: deadline).run(answer, on: loop)
    }
}
