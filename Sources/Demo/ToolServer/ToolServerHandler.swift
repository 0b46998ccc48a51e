import Glibc
import MCPWire
import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection to a tool server.
final class ToolServerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private static let longestBody = 4 * 1024 * 1024

    private let responder: ToolResponder
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// The call that is being answered here.
    private var play: ToolPlay?
    /// What this connection became, if a request opened a stream.
    private var stream: ToolStream?

    init(responder: ToolResponder) { self.responder = responder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.removeAll(keepingCapacity: true)
        case .body(let piece):
            body.append(contentsOf: piece.readableBytesView)
            if body.count > Self.longestBody { context.close(promise: nil) }
        case .end:
            guard let head else { return }
            self.head = nil
            react(to: head, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        play?.cutOff()
        stream?.close()
        (play, stream) = (nil, nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func react(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let reaction = responder.react(
            to: ToolResponder.Request(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body))
        let isControl = head.uri.hasPrefix("/_")
        let pause = isControl ? .zero : responder.pause(before: reaction)
        guard pause > .zero else { return carryOut(reaction, head, context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            if context.channel.isActive { self.carryOut(reaction, head, context) }
        }
    }

    private func carryOut(_ reaction: ToolReaction, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch reaction {
        case .reply(let reply): write(HTTPText.response(reply), keepsAlive: head.isKeepAlive, context)
        case .perform(let turn): perform(turn, head, context)
        case .subscribe(let subscription): open(subscription, context)
        case .hang: break
        case .drop: context.close(promise: nil)
        case .reset: reset(context)
        }
    }

    private func write(_ bytes: ByteBuffer, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if !keepsAlive { context.close(promise: nil) }
    }

    /// Closes so that the peer sees a reset.
    private func reset(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        guard let socket = context.channel as? any SocketOptionProvider else { return context.close(promise: nil) }
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in bound.value.close(promise: nil) }
    }
}

/// What takes longer than one answer.
extension ToolServerHandler {
    private func perform(_ turn: ToolTurn, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let streams = responder.options.streamsAnswers || turn.performance.steps > 0
        if streams { beginStream(head, context) }
        let play = ToolPlay(turn, record: responder.record, loop: context.eventLoop) { [unowned self] _, piece in
            switch piece {
            case .progress(let message): send(ServerSentEvent(data: message), context)
            case .answer(let reply):
                self.play = nil
                guard streams else { return write(HTTPText.response(reply), keepsAlive: head.isKeepAlive, context) }
                send(ServerSentEvent(data: reply.body), context)
                write(HTTPText.lastChunk(), keepsAlive: head.isKeepAlive, context)
            }
        }
        self.play = play
        play.start()
    }

    private func open(_ subscription: ToolSubscription, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(HTTPText.streamHead()), promise: nil)
        let stream = ToolStream(responder, loop: context.eventLoop) { [unowned self] event in send(event, context) }
        self.stream = stream
        stream.open(subscription)
    }

    private func beginStream(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(HTTPText.streamHead()), promise: nil)
        let dialect = head.headers.first(name: "mcp-protocol-version").flatMap { Dialect.named($0) }
        if dialect?.primesStreams == true { send(ServerSentEvent(id: "0", data: []), context) }
    }

    private func send(_ event: ServerSentEvent, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(HTTPText.chunk(event.encoded())), promise: nil)
    }
}
