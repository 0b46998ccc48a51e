import MCPWire
import NIOCore

/// The way from one event loop to an upstream within one session of Streamable HTTP.
struct Route: Backchannel {
    let lane: Lane
    let origin: Origin
    let head: PreparedHead

    func cancel(_ id: Int) { post(Outgoing.cancelled(requestID: id, reason: "cancelled")) }

    func answer(_ request: Message) {
        if let reply = reply(to: request) { post(reply) }
    }

    /// A message that cannot be made for want of credentials is not sent: nobody waits for what comes of it.
    private func post(_ body: [UInt8]) {
        guard let request = try? head.request(body) else { return }
        lane.post(request, to: origin)
    }
}
