import Governance
import MCPWire
import NIOCore
import Upstreams

/// What an upstream without a handshake wants to know before it goes on with a call, asked of an agent with one: all questions at once, on
/// the call's own stream.
struct Inquiry {
    let gateway: Gateway
    let agent: Agent
    let reply: any MessageReply
    let upstream: UpstreamName
    /// That of the call.
    let deadline: NIODeadline

    /// What the call is sent again with, as soon as everything is answered.
    func run(_ answer: Answer, on loop: any EventLoop) async throws(UpstreamFailure) -> Continuation {
        guard let required = InputRequired(answer) else { throw .broken(reason: "asks for input in a way that is none") }
        let abilities = agent.profile?.abilities ?? []
        guard required.questions.allSatisfy({ $0.request.neededAbility.map(abilities.contains) ?? false }) else {
            throw .needsInput(reason: "asks for input, which this agent cannot give")
        }
        let responses = try await responses(to: required.questions, on: loop)
        guard let continuation = required.continued(with: responses) else {
            throw .needsInput(reason: "asks for input, which the agent did not give")
        }
        return continuation
    }

    /// The agent's responses, in the order of the questions.
    private func responses(to questions: [InputRequired.Question], on loop: any EventLoop) async throws(UpstreamFailure) -> [Message] {
        let (arrivals, feed) = AsyncStream.makeStream(of: (QuestionID, Message).self)
        let alarm = loop.scheduleTask(deadline: deadline) { feed.finish() }
        defer { alarm.cancel() }
        let ids = questions.map { _ in QuestionID(at: gateway.node) }
        for (id, question) in zip(ids, questions) {
            gateway.questions.ask(id, in: agent.session.id) { if $0.kind == .response { feed.yield((id, $0)) } }
            await reply.notify(question.request.asked(under: id.requestID, by: upstream.text), until: deadline)
        }
        var responses: [QuestionID: Message] = [:]
        if !ids.isEmpty {
            for await (id, response) in arrivals {
                responses[id] = response
                // One refusal is enough: there is no way to pass it on.
                if responses.count == ids.count || response.isError { break }
            }
        }
        await forget(ids.filter { responses[$0] == nil })
        let inOrder = ids.compactMap { responses[$0] }
        if inOrder.count == ids.count || inOrder.contains(where: \.isError) { return inOrder }
        throw .needsInput(reason: "asks for input, which the agent did not give in time")
    }

    /// Nobody waits for these answers any more; an agent that waits for the call is told so.
    private func forget(_ ids: [QuestionID]) async {
        for id in ids { gateway.questions.forget(id) }
        for id in ids where !Task.isCancelled {
            await reply.notify(Outgoing.cancelled(id.requestID, reason: "the call is over"), until: deadline)
        }
    }
}
