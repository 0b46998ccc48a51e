import Governance
import MCPWire
import NIOCore
import Upstreams

extension CallExchange {
    /// Passes on what the upstream says of the call until its answer; its questions go to the agent.
    func answer(of exchange: UpstreamExchange, to held: HeldCall, until deadline: NIODeadline) async throws(UpstreamFailure) -> Answer {
        let first = try await exchange.next()
        if case .answer(let answer) = first { return answer }
        return try await converse(over: exchange, from: first, for: held, until: deadline)
    }

    @inline(never)  // keeps what few upstreams do out of the frame of every call
    private func converse(
        over exchange: UpstreamExchange, from first: UpstreamExchange.Item?, for held: HeldCall, until deadline: NIODeadline
    ) async throws(UpstreamFailure) -> Answer {
        var conversation: Conversation?
        do throws(UpstreamFailure) {
            var next = first
            while let item = next {
                switch item {
                case .progress(let message): await reply.notify(message, until: deadline)
                case .log(let message):
                    if let level = message.loggedLevel, agent.wants(level) { await reply.notify(message.relayed(), until: deadline) }
                case .asked(let question):
                    if let rounds {
                        try await ask(question, of: held, over: rounds, on: exchange)
                    } else {
                        let open = conversation ?? self.conversation(over: exchange, with: held.routed.target.upstream, until: deadline)
                        conversation = open
                        await open.ask(question)
                    }
                case .withdrawn(let message): await conversation?.withdraw(message)
                case .elicited(let message): if rounds == nil { await reply.notify(message.relayed(), until: deadline) }
                case .answer(let answer):
                    await conversation?.end()
                    return answer
                }
                next = try await exchange.next()
            }
            throw .broken(reason: "the stream ended before the answer")
        } catch {
            await conversation?.end()
            throw error
        }
    }

    private func conversation(
        over exchange: UpstreamExchange, with upstream: UpstreamName, until deadline: NIODeadline
    ) -> Conversation {
        Conversation(
            exchange, with: upstream, in: agent.session.id, of: gateway, over: reply, on: gateway.loop, until: deadline)
    }

    /// What an upstream without a handshake wants to know before it goes on, of an agent with one.
    func input(
        for answer: Answer, of upstream: UpstreamName, until deadline: NIODeadline
    ) async throws(UpstreamFailure) -> Continuation {
        let inquiry = Inquiry(gateway: gateway, agent: agent, reply: reply, upstream: upstream, deadline: deadline)
        return try await inquiry.run(answer, on: gateway.loop)
    }
}
