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
    private var act: Act?

    /// A call that is under way.
    private final class Act {
        let performance: Performance
        let id: RequestID
        let progressToken: [UInt8]?
        let streams: Bool
        let keepsAlive: Bool
        var step = 0
        var timer: Scheduled<Void>?

        init(_ performance: Performance, id: RequestID, progressToken: [UInt8]?, streams: Bool, keepsAlive: Bool) {
            self.performance = performance
            self.id = id
            self.progressToken = progressToken
            self.streams = streams
            self.keepsAlive = keepsAlive
        }
    }

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
            react(to: head, context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard let act else { return }
        self.act = nil
        act.timer?.cancel()
        responder.record.ended()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func react(to head: HTTPRequestHead, context: ChannelHandlerContext) {
        let request = ToolResponder.Request(
            path: head.uri, authorization: head.headers.first(name: "authorization"),
            session: head.headers.first(name: "mcp-session-id"), body: body)
        switch responder.react(to: request, method: head.method.rawValue) {
        case .reply(let status, let body, let session):
            write(HTTPText.response(status, session: session, body: body), keepsAlive: head.isKeepAlive, context)
        case .perform(let performance, let id, let token):
            let streams = responder.options.streamsAnswers || performance.steps > 0
            begin(Act(performance, id: id, progressToken: token, streams: streams, keepsAlive: head.isKeepAlive), head, context)
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

/// The course of a call.
extension ToolServerHandler {
    private func begin(_ act: Act, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.act = act
        if act.streams {
            context.write(wrapOutboundOut(HTTPText.streamHead()), promise: nil)
            let dialect = head.headers.first(name: "mcp-protocol-version").flatMap { Dialect.named($0) }
            if dialect?.primesStreams == true { send(ServerSentEvent(id: "0", data: []), context) }
        }
        if act.performance.isParked { return park(act, context) }
        guard act.performance.pause > .zero || act.performance.steps > 0 else { return end(act, context) }
        wait(act, context)
    }

    private func park(_ act: Act, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, act, context), eventLoop: context.eventLoop)
        responder.record.park {
            bound.eventLoop.execute {
                let (handler, act, context) = bound.value
                if handler.act === act { handler.end(act, context) }
            }
        }
    }

    private func wait(_ act: Act, _ context: ChannelHandlerContext) {
        act.timer = context.eventLoop.assumeIsolated().scheduleTask(in: act.performance.pause) {
            guard self.act === act else { return }
            guard act.step < act.performance.steps else { return self.end(act, context) }
            act.step += 1
            if let token = act.progressToken { self.send(ServerSentEvent(data: Self.progress(act, token)), context) }
            if act.step == act.performance.steps { self.end(act, context) } else { self.wait(act, context) }
        }
    }

    private func end(_ act: Act, _ context: ChannelHandlerContext) {
        self.act = nil
        responder.record.ended()
        let answer = ToolResponder.answer(act.id, act.performance.outcome)
        guard act.streams else { return write(HTTPText.response(.ok, body: answer), keepsAlive: act.keepsAlive, context) }
        send(ServerSentEvent(data: answer), context)
        write(HTTPText.lastChunk(), keepsAlive: act.keepsAlive, context)
    }

    private func send(_ event: ServerSentEvent, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(HTTPText.chunk(event.encoded())), promise: nil)
    }

    private static func progress(_ act: Act, _ token: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(raw: #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#, to: &out)
        out += token
        JSONText.append(raw: #","progress":"#, to: &out)
        JSONText.append(integer: act.step, to: &out)
        JSONText.append(raw: #","total":"#, to: &out)
        JSONText.append(integer: act.performance.steps, to: &out)
        JSONText.append(raw: "}}", to: &out)
        return out
    }
}
