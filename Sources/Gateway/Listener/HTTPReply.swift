import MCPWire
import NIOCore
import NIOHTTP1

/// The reply to one HTTP request: one JSON body, or a stream of events. Belongs to its event loop.
final class HTTPReply {
    private enum State { case unsent, streaming, ended }

    private let handler: ExchangeHandler
    private let context: ChannelHandlerContext
    private let keepsAlive: Bool
    private var state = State.unsent
    private var isConnected = true
    private var writable: CheckedContinuation<Void, Never>?
    private var keepAlive: RepeatedTask?
    /// Called once when the agent has gone or the stream was closed.
    var onClose: (() -> Void)?

    init(handler: ExchangeHandler, context: ChannelHandlerContext, keepsAlive: Bool) {
        self.handler = handler
        self.context = context
        self.keepsAlive = keepsAlive
    }

    /// Sends the whole reply.
    func send(_ status: HTTPResponseStatus, _ body: [UInt8] = [], headers extra: HTTPHeaders = [:]) {
        guard isConnected, state == .unsent else { return }
        state = .ended
        var headers = extra
        if !body.isEmpty { headers.add(name: "content-type", value: "application/json") }
        if status != .noContent { headers.add(name: "content-length", value: String(body.count)) }
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        handler.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), context)
        if !body.isEmpty { handler.write(.body(.byteBuffer(ByteBuffer(bytes: body))), context) }
        finish()
    }

    /// Starts a stream of events that is kept alive by a comment every `interval`, after which `onBeat` runs.
    func stream(headers extra: HTTPHeaders = [:], every interval: TimeAmount, onBeat: (() -> Void)? = nil) {
        guard isConnected, state == .unsent else { return }
        state = .streaming
        var headers = extra
        headers.add(name: "content-type", value: "text/event-stream")
        headers.add(name: "cache-control", value: "no-store")
        headers.add(name: "x-accel-buffering", value: "no")
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        handler.write(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)), context)
        context.flush()
        let bound = NIOLoopBound(Beat(reply: self, action: onBeat), eventLoop: context.eventLoop)
        keepAlive = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in bound.value.fire() }
    }

    /// Sends one event on the stream.
    func event(_ data: [UInt8], name: String? = nil) {
        guard isConnected, state == .streaming else { return }
        put(ServerSentEvent(id: nil, name: name, data: data, retry: nil).encoded())
    }

    /// Returns when the agent reads again, at once while it does.
    func drained() async {
        guard isConnected, !context.channel.isWritable else { return }
        await withCheckedContinuation { writable = $0 }
    }

    /// Ends the stream.
    func end() {
        guard isConnected, state == .streaming else { return }
        state = .ended
        finish()
    }

    var isStreaming: Bool { state == .streaming }

    var eventLoop: any EventLoop { context.eventLoop }

    func becameWritable() {
        writable?.resume()
        writable = nil
    }

    func disconnected() {
        guard isConnected else { return }
        isConnected = false
        stopped()
    }

    fileprivate func comment() {
        guard isConnected, state == .streaming else { return }
        put(ServerSentEvent.comment("keepalive"))
    }

    private func put(_ bytes: [UInt8]) {
        handler.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))), context)
        context.flush()
    }

    private func finish() {
        handler.write(.end(nil), context)
        context.flush()
        stopped()
        handler.replyEnded(keepsAlive: keepsAlive, context)
    }

    private func stopped() {
        keepAlive?.cancel()
        keepAlive = nil
        becameWritable()
        let close = onClose
        onClose = nil
        close?()
    }
}

/// What happens at each keep-alive.
private final class Beat {
    private weak var reply: HTTPReply?
    private let action: (() -> Void)?

    init(reply: HTTPReply, action: (() -> Void)?) {
        self.reply = reply
        self.action = action
    }

    func fire() {
        reply?.comment()
        action?()
    }
}
