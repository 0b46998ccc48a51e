import MCPWire
import NIOCore

/// The way from one event loop to an upstream within one session.
struct Route: Sendable {
    let lane: Lane
    let origin: Origin
    let head: RequestHead

    /// Tells the upstream that nobody waits for this request any more.
    func cancel(_ id: Int) {
        lane.post(head.request(Outgoing.cancelled(requestID: id, reason: "cancelled")), to: origin)
    }

    /// Answers what the upstream asks: `ping` it may, and nothing else, since no capability was declared to it.
    func answer(_ request: Message) {
        guard let id = request.id else { return }
        let answer = request.method == Method.ping ? Outgoing.emptyResult(id: id) : Outgoing.methodNotFound(id: id)
        lane.post(head.request(answer), to: origin)
    }
}
