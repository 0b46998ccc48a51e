import NIOCore
import NIOHTTP1

/// The socket of one agent: collects a request, has it served by a task on this loop, and takes the next when the reply has ended.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        case receiving(HTTPRequestHead, ByteBuffer)
        /// The request was refused before its end; what follows is thrown away and the connection closes.
        case refusing
        case serving
    }

    private let gateway: Gateway
    private let tasks: LoopTasks
    /// Bytes a request's body may have.
    private let bodyLimit: Int
    private var state = State.idle
    /// Parts of pipelined requests that came while one is served.
    private var queued: CircularBuffer<HTTPServerRequestPart> = []
    private var readIsWanted = false
    private var reply: HTTPReply?
    /// How long an agent that is still sending has to take a refusal before the connection is cut: closing at once would discard it.
    private let lingering = TimeAmount.seconds(2)
    /// What the requests of this connection proved.
    var known: HTTPReply.Known?
    var knownHost: String?

    init(gateway: Gateway, tasks: LoopTasks, bodyLimit: Int) {
        self.gateway = gateway
        self.tasks = tasks
        self.bodyLimit = bodyLimit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isServing { queued.append(part) } else { take(part, context) }
    }

    /// While requests wait for the one that is served nothing more is read: that is the agent's backpressure.
    func read(context: ChannelHandlerContext) {
        if queued.isEmpty { context.read() } else { readIsWanted = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { reply?.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        reply?.disconnected()
        reply = nil
        context.fireChannelInactive()
    }

    /// A request that is no HTTP is answered once, if nothing else is being answered; the connection closes either way.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isServing else { return context.close(promise: nil) }
        refuse(.malformedHTTP, context)
    }

    private var isServing: Bool { if case .serving = state { true } else { false } }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(var more), .receiving(let head, var body)):
            guard body.readableBytes + more.readableBytes <= bodyLimit else { return refuse(.tooLarge, context) }
            state = .idle  // keeps `body` uniquely referenced while it grows
            if body.readableBytes == 0 { body = more } else { body.writeBuffer(&more) }
            state = .receiving(head, body)
        case (.end, .receiving(let head, let body)): serve(Inbound(head: head, body: Array(body.readableBytesView)), context)
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > bodyLimit {
            return refuse(.tooLarge, context)
        }
        if head.method != .GET, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"), context)
        }
        state = .receiving(head, ByteBuffer())
    }

    private func refuse(_ rejection: Rejection, _ context: ChannelHandlerContext) {
        state = .refusing
        let reply = HTTPReply(handler: self, context: context, request: .init(keepsAlive: false))
        self.reply = reply
        reply.reject(rejection)
    }

    private func serve(_ inbound: Inbound, _ context: ChannelHandlerContext) {
        state = .serving
        let isCurrent = inbound.head.version.major == 1 && inbound.head.version.minor >= 1
        let reply = HTTPReply(
            handler: self, context: context,
            request: .init(
                keepsAlive: isCurrent && inbound.head.isKeepAlive && !gateway.isDraining, omitsBody: inbound.head.method == .HEAD,
                takesChunks: isCurrent))
        self.reply = reply
        let bound = NIOLoopBound(reply, eventLoop: context.eventLoop)
        let gateway = gateway
        tasks.start { await gateway.serve(inbound, reply: bound.value) }
    }

    /// Called by the reply when its last byte is written.
    func replyEnded(keepsAlive: Bool, _ context: ChannelHandlerContext) {
        reply = nil
        if case .refusing = state { return linger(context) }
        guard keepsAlive else { return context.close(promise: nil) }
        state = .idle
        while !isServing, let part = queued.popFirst() { take(part, context) }
        guard readIsWanted, queued.isEmpty else { return }
        readIsWanted = false
        context.read()
    }

    /// Ends our side of the connection, and throws away what comes until the agent ends its own.
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: lingering) { bound.value.close(promise: nil) }
    }

    /// Sends a part of the reply.
    func write(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(part), promise: nil)
    }

    /// Sends a part of the reply; done when the agent's kernel has it.
    func send(_ part: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        context.writeAndFlush(wrapOutboundOut(part))
    }
}
