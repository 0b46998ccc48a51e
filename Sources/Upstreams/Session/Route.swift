import MCPWire
import NIOCore

/// The way from one event loop to an upstream within one session of Streamable HTTP.
struct Route: Backchannel {
    let lane: Lane
    let head: PreparedHead

    func cancel(_ id: Int) { lane.post(Outgoing.cancelled(requestID: id, reason: "cancelled"), under: head) }

    func post(_ message: [UInt8]) { lane.post(message, under: head) }
}
