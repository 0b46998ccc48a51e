import Governance
import MCPWire
import NIOCore
import Upstreams

extension Gateway {
    /// Asks the agent on its own stream, and gives the upstream the answer; without a stream for half a minute there is none.
    func ask(_ overheard: Overheard, in session: Session) async {
        guard let id = overheard.message.id else { return }
        let question = QuestionID(at: node)
        questions.ask(question, in: session.id) { reply in
            if reply.kind == .response { return overheard.respond(reply.response(to: id)) }
            if let token = overheard.message.progressTokenOfMeta, let progress = reply.progress(under: token) {
                overheard.respond(progress)
            }
        }
        let body = overheard.message.asked(under: question.requestID, by: overheard.upstream.text)
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, !isLeaving {
            if await hasOwnStream(session), await post(body, to: session) { return forget(question, after: .minutes(10)) }
            try? await Task.sleep(for: .milliseconds(250))
        }
        questions.forget(question)
        decline(overheard)
    }

    /// What is not answered by then is not waited for any more.
    private func forget(_ question: QuestionID, after time: TimeAmount) {
        loop.scheduleTask(in: time) { [questions] in questions.forget(question) }
    }
}
