import Governance
import Logging
import MCPWire

/// A message of an agent in its session that is no request: its answer to something asked, or a notification.
struct OneWayExchange {
    let gateway: Gateway
    let agent: Agent

    /// Takes the message to where it is waited for, at whichever node; what means nothing here is dropped.
    func take(_ message: Message) async throws(Rejection) {
        if let request = message.cancelledRequest { return await cancel(request) }
        if message.kind == .notification, message.method == Method.rootsListChanged { return gateway.pass(message, of: agent) }
        guard let id = message.questionAddressed.flatMap({ QuestionID($0) }) else { return }
        if id.node == gateway.node { return gateway.questions.hear(message, in: session.id) }
        let isHeard: Bool
        do { isHeard = try await gateway.bus.reply(message.bytes, in: session.id, at: id.node) } catch { throw .storeUnavailable(nil) }
        // An answer that is lost is the agent's to know; of progress there may be more.
        if !isHeard, message.kind == .response { throw .nodeLost }
    }

    private var session: Session { agent.session }

    /// Stops a request of the agent's; the notification that wants it is not answered, whatever comes of it.
    private func cancel(_ request: RequestID) async {
        if gateway.requests.cancel(request, in: session.id) { return }
        do {
            try await gateway.bus.cancel(request.raw, in: session.id, of: session.tenant)
        } catch {
            gateway.logger(of: agent).warning("a request was not cancelled", metadata: ["session": "\(session.id)", "error": "\(error)"])
        }
    }
}
