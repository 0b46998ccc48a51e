import Events
import Governance
import NIOCore
import NIOWebSocket

/// One WebSocket of the feed: sends what the feed has for it as fast as the client takes it, and sees that the client is still there and
/// may still have it.
final class FeedSocket: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Tells the socket that the node is about to stop.
    struct GoAway {}

    private let feed: EventFeed
    private let node: NodeID
    private let query: FeedQuery
    private let times: FeedTimes
    /// Whether the client may still have the feed.
    private let isWelcome: () -> Bool
    private var reader: Int?
    private var intake = ClientFrames()
    private var heard = NIODeadline.now()
    private var pinged = NIODeadline.now()
    /// Since when the client has taken nothing though something waits.
    private var stuck: NIODeadline?
    private var isClosing = false
    private var watch: RepeatedTask?

    init(feed: EventFeed, node: NodeID, query: FeedQuery, times: FeedTimes, isWelcome: @escaping () -> Bool) {
        self.feed = feed
        self.node = node
        self.query = query
        self.times = times
        self.isWelcome = isWelcome
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        reader = feed.open(query.filter, after: query.after) {
            loop.execute {
                let (socket, context) = bound.value
                socket.pump(context)
            }
        }
        watch = loop.scheduleRepeatedTask(initialDelay: times.look, delay: times.look) { _ in
            let (socket, context) = bound.value
            socket.look(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stuck = nil
            pump(context)
        } else {
            stuck = .now()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is GoAway || event is ChannelShouldQuiesceEvent { close(context, .goingAway, "the node stops: resume at another") }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What is wrong with a frame was answered by the codec.
        context.close(promise: nil)
    }

    private func end() {
        watch?.cancel()
        watch = nil
        if let reader { feed.close(reader) }
        reader = nil
    }

    // MARK: To the client

    /// Sends until there is nothing, or the client is to catch up first.
    private func pump(_ context: ChannelHandlerContext) {
        while let reader, !isClosing, context.channel.isActive, context.channel.isWritable {
            switch feed.take(reader) {
            case .nothing: return
            case .greeting(let cursor): send(context, Self.hello(cursor, node))
            case .items(let items):
                for item in items { context.write(wrapOutboundOut(Self.frame(item.text)), promise: nil) }
                context.flush()
            case .tooSlow: return close(context, .tooSlow, Self.tooSlow)
            }
        }
    }

    private func send(_ context: ChannelHandlerContext, _ text: ByteBuffer) {
        context.writeAndFlush(wrapOutboundOut(Self.frame(text)), promise: nil)
    }

    private static let tooSlow = "too slow: resume from your cursor"

    private static func frame(_ text: ByteBuffer) -> WebSocketFrame { WebSocketFrame(fin: true, opcode: .text, data: text) }

    /// Names and numbers in a cursor need no escapes.
    private static func hello(_ cursor: EventCursor, _ node: NodeID) -> ByteBuffer {
        ByteBuffer(string: #"{"type":"hello","cursor":"\#(cursor.text)","node":"\#(node.text)"}"#)
    }

    /// Looks after the connection from time to time.
    private func look(_ context: ChannelHandlerContext) {
        guard let reader, !isClosing else { return }
        let now = NIODeadline.now()
        if !isWelcome() { return close(context, .unauthorized, "the token is not accepted any more") }
        if feed.hasLost(reader) || stuck.map({ now - $0 >= times.patience }) ?? false {
            return close(context, .tooSlow, Self.tooSlow)
        }
        if now - heard >= times.silence { return close(context, .tooSlow, "nothing heard: resume from your cursor") }
        if now - pinged >= times.ping, context.channel.isWritable {
            pinged = now
            let frame = WebSocketFrame(fin: true, opcode: .ping, data: context.channel.allocator.buffer(capacity: 0))
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        }
    }

    /// Says why, and waits a little for the client to say the same.
    private func close(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode, _ reason: String) {
        guard !isClosing else { return }
        isClosing = true
        end()
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: times.farewell) { context.close(promise: nil) }
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heard = .now()
        switch intake.take(unwrapInboundIn(data)) {
        case .nothing: break
        case .answer(let bytes):
            // Whoever asks without reading is not answered.
            guard !isClosing, context.channel.isWritable else { break }
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: bytes)), promise: nil)
        case .farewell(let code):
            guard !isClosing else { return context.close(promise: nil) }
            isClosing = true
            end()
            var data = context.channel.allocator.buffer(capacity: 2)
            if let code { data.write(webSocketErrorCode: code) }
            let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
            context.writeAndFlush(wrapOutboundOut(frame)).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        case .violation(let code, let reason): close(context, code, reason)
        }
    }
}

extension WebSocketErrorCode {
    /// The client takes events more slowly than they happen.
    static let tooSlow = WebSocketErrorCode(codeNumber: 4408)
    /// The token that it came with is not accepted any more.
    static let unauthorized = WebSocketErrorCode(codeNumber: 4401)
}
