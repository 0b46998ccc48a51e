import MCPWire
import NIOCore

/// The way from one event loop to an upstream within one session of Streamable HTTP.
struct Route: Backchannel {
    let lane: Lane
    let head: PreparedHead

    func cancel(_ id: Int) { lane.post(Outgoing.cancelled(requestID: id, reason: "cancelled"), under: head) }

    func answer(_ request: Message) {
        if let reply = reply(to: request) { lane.post(reply, under: head) }
    }
}
