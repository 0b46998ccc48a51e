import MCPWire
import NIOCore
import NIOHTTP1

/// A POST without a session: one JSON body, or events on its own stream once something came ahead of the answer. Nothing is kept: such a
/// stream cannot be resumed.
final class StatelessReply: MessageReply {
    private let reply: HTTPReply
    private let keepAlive: TimeAmount

    init(_ reply: HTTPReply, keepAlive: TimeAmount) {
        self.reply = reply
        self.keepAlive = keepAlive
    }

    func notify(_ message: [UInt8], until deadline: NIODeadline) async {
        if !reply.isStreaming { reply.stream(every: keepAlive) }
        reply.event(message, name: "message")
        await reply.drained(until: deadline)
    }

    func finish(_ message: [UInt8], status: Int, headers: HTTPHeaders) async {
        guard reply.isStreaming else { return reply.send(HTTPResponseStatus(statusCode: status), message, headers: headers) }
        reply.event(message, name: "message")
        reply.end()
    }
}
