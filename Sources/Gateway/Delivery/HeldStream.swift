import MCPWire
import NIOCore

/// A stream that stays open, to be used from anywhere.
struct HeldStream: Sendable {
    private let reply: NIOLoopBound<HTTPReply>

    /// Call it on the reply's loop.
    init(_ reply: HTTPReply) { self.reply = NIOLoopBound(reply, eventLoop: reply.eventLoop) }

    /// Puts the message on the stream.
    func send(_ message: [UInt8]) {
        reply.eventLoop.execute { reply.value.event(message, name: "message") }
    }

    /// Puts the message on the stream under an id.
    func send(_ message: [UInt8], id: EventID) {
        reply.eventLoop.execute { reply.value.event(message, name: "message", id: id) }
    }

    /// Ends the stream from this side.
    func end() { reply.eventLoop.execute { reply.value.end() } }

    /// Ends the stream because the node stops, see `HTTPReply`.
    func part(behind place: EventID? = nil) { reply.eventLoop.execute { reply.value.part(behind: place) } }

    /// Puts each post's messages on its stream, in one go on every loop.
    static func send(_ posts: [Subscriptions<HeldStream>.Post]) {
        for (_, posts) in Dictionary(grouping: posts, by: { ObjectIdentifier($0.stream.reply.eventLoop) }) {
            posts[0].stream.reply.eventLoop.execute {
                for post in posts {
                    for message in post.messages { post.stream.reply.value.event(message, name: "message") }
                }
            }
        }
    }
}
