import HTTPWire
import NIOCore
import NIOTLS
import Upstreams

/// The socket of one agent: collects a request, has it served by a task on this loop, and takes the next when the reply has ended.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        case receiving(RequestHead, [UInt8])
        /// The request was refused before its end; what follows is thrown away and the connection closes.
        case refusing
        case serving
    }

    private let gateway: Gateway
    private let tasks: LoopTasks
    /// The limits of its port.
    let terms: ConnectionTerms
    /// Of what is waited for.
    var deadline = ConnectionDeadline()
    private var state = State.idle
    private var reader: RequestReader
    private var isTakingParts = false
    /// The agent takes what is written for it.
    private var isWritable = true
    private var readIsWanted = false
    private var reply: HTTPReply?
    private(set) var context: ChannelHandlerContext?
    /// Requests that were answered, or are being answered.
    private var requests = 0
    /// How long an agent that has just connected has to begin its request when the node stops.
    private static let welcome = TimeAmount.seconds(1)
    /// What the requests of this connection proved.
    var known: HTTPReply.Known?
    var knownHost: [UInt8]?
    var presence: KnownPresence?
    /// Those of its loop.
    let alarms: Alarms
    /// Of its loop.
    let replies: ReplyBuffer
    private let writes: TurnWrites
    /// What its loop counts.
    var metrics: GatewayMetrics { tasks.metrics }

    /// Of a connection on the loop of `tasks`; to be made there.
    init(gateway: Gateway, tasks: LoopTasks, terms: ConnectionTerms, reader: RequestReader) {
        self.gateway = gateway
        self.tasks = tasks
        alarms = tasks.alarms
        replies = tasks.replies
        writes = tasks.writes
        self.terms = terms
        self.reader = reader
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        tasks.connected(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        tasks.disconnected(self)
    }

    func channelActive(context: ChannelHandlerContext) {
        expect(terms.isSecure ? .handshake : .head)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { expect(.head) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .refusing = state { return }
        reader.feed(unwrapInboundIn(data))
        takeParts(context)
        expectMore()
    }

    /// While requests wait for the one that is served, or for the agent to read, nothing more is read: that is the agent's backpressure.
    func read(context: ChannelHandlerContext) {
        if isPausing { readIsWanted = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            reply?.becameWritable()
            goOn(context)
        } else {
            expectReader()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let reply {
            if reply.endsWithConnection { reply.task?.cancel() }
            reply.disconnected()
        }
        reply = nil
        forgetDeadline()
        tasks.disconnected(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// A request is being answered, or was the last one.
    var isServing: Bool { if case .serving = state { true } else { false } }

    /// Something of a request has come whose head is not whole.
    var hasBegunRequest: Bool { if case .idle = state { reader.hasBytes } else { false } }

    /// How much has come of the body that is not whole.
    var bytesOfBody: Int { if case .receiving(_, let body) = state { body.count } else { 0 } }

    /// What is waited for now that all that has come was taken. Time that runs already for it goes on.
    private func expectMore() {
        let wait: ConnectionWait
        switch state {
        case .idle where !isWritable: return expectReader()
        case .idle: wait = requests == 0 || reader.hasBytes ? .head : .request
        case .receiving: wait = .body
        case .refusing, .serving: return
        }
        if wait != deadline.wait { expect(wait) }
    }

    /// Takes what has come, up to the end of one request. One that is no HTTP is refused, and the connection closes.
    private func takeParts(_ context: ChannelHandlerContext) {
        // A request that is answered at once has us take the next one, from within.
        guard !isTakingParts else { return }
        isTakingParts = true
        defer { isTakingParts = false }
        do throws(HTTPViolation) {
            while isReceptive, let part = try reader.next() { take(part, context) }
        } catch {
            refuse(Rejection(error), context)
        }
    }

    /// No request is begun for an agent that does not read what it has asked for.
    private var isReceptive: Bool {
        switch state {
        case .idle: isWritable
        case .receiving: true
        case .refusing, .serving: false
        }
    }

    private var isPausing: Bool {
        guard reader.hasBytes else { return false }
        return switch state {
        case .idle: !isWritable
        case .serving: true
        case .receiving, .refusing: false
        }
    }

    private func take(_ part: RequestReader.Part, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .idle): begin(head, context)
        case (.piece(let more), .receiving(let head, var body)):
            guard body.count + more.readableBytes <= terms.limits.body else { return refuse(.tooLarge, context) }
            state = .idle  // keeps `body` uniquely referenced while it grows
            more.withUnsafeReadableBytes { body.append(contentsOf: $0.bindMemory(to: UInt8.self)) }
            state = .receiving(head, body)
        case (.end, .receiving(let head, let body)): serve(Inbound(head: head, body: body), context)
        default: break
        }
    }

    private func begin(_ head: RequestHead, _ context: ChannelHandlerContext) {
        if let length = head.length, length > terms.limits.body { return refuse(.tooLarge, context) }
        if head.method != .GET, head.expectsContinue {
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"), context)
        }
        state = .receiving(head, [])
    }

    /// Answers what is no request, or none that is taken; the connection closes.
    func refuse(_ rejection: Rejection, _ context: ChannelHandlerContext) {
        state = .refusing
        let reply = HTTPReply(handler: self, context: context, request: .init(keepsAlive: false))
        self.reply = reply
        reply.reject(rejection)
    }

    private func serve(_ inbound: Inbound, _ context: ChannelHandlerContext) {
        state = .serving
        expect(.nothing)
        requests += 1
        let reply = HTTPReply(
            handler: self, context: context,
            request: .init(
                keepsAlive: inbound.head.version == .http11 && inbound.head.keepsAlive && !gateway.isDraining
                    && requests != terms.limits.requests,
                omitsBody: inbound.head.method == .HEAD, takesChunks: inbound.head.version == .http11))
        self.reply = reply
        let started = tasks.serve(inbound, reply, by: gateway)
        if !reply.isServed { reply.task = started }
    }

    /// The task that serves the reply's request has done its part. For a stream that goes on, perhaps for days, nothing is kept that only
    /// requests need.
    func served(_ served: HTTPReply) {
        guard reply === served else { return }
        known = nil
        knownHost = nil
        presence = nil
    }

    /// Called by the reply when its last byte is written.
    func replyEnded(keepsAlive: Bool, _ context: ChannelHandlerContext) {
        reply = nil
        if case .refusing = state { return linger(context) }
        guard keepsAlive else { return close(context) }
        state = .idle
        goOn(context)
        // The reply began before the node was asked to stop.
        if gateway.isLeaving, case .idle = state { close(context) }
    }

    /// Takes what waited, and reads on where that was put off.
    private func goOn(_ context: ChannelHandlerContext) {
        takeParts(context)
        expectMore()
        guard readIsWanted, !isPausing else { return }
        readIsWanted = false
        context.read()
    }

    /// Closes when all that was written is sent.
    private func close(_ context: ChannelHandlerContext) {
        if deadline.wait != .reader { expect(.reader) }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in bound.value.close(promise: nil) }
    }

    /// The node stops: a connection on which nothing is under way is closed. One that is new has been opened to be used at once.
    func part() {
        guard let context, case .idle = state, !reader.hasBytes else { return }
        if requests > 0 { return close(context) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.welcome) {
            if case .idle = bound.value.0.state, bound.value.0.context != nil { bound.value.1.close(promise: nil) }
        }
    }

    /// What is under way is given up, and answered where it can be.
    func cut() { reply?.task?.cancel() }

    /// Closes whatever is under way.
    func abort() { context?.close(promise: nil) }

    /// Ends our side of the connection, and throws away what comes until the agent ends its own.
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        expect(.farewell)
    }

    /// Sends the whole reply with those of other agents that are answered in this turn, when another request may follow it.
    func write(whole reply: ByteBuffer, _ context: ChannelHandlerContext) {
        deadline.written += reply.readableBytes
        context.write(wrapOutboundOut(reply), promise: nil)
        writes.flush(context)
    }

    /// Sends a part of the reply.
    func write(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        deadline.written += part.readableBytes
        context.writeAndFlush(wrapOutboundOut(part), promise: nil)
    }

    /// Sends a part of the reply; done when the agent's kernel has it.
    func send(_ part: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        deadline.written += part.readableBytes
        return context.writeAndFlush(wrapOutboundOut(part))
    }
}
