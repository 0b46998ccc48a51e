import Governance
import MCPWire
import NIOCore
import NIOHTTP1

/// The reply to one HTTP request: one JSON body, or a stream of events. Belongs to its event loop.
final class HTTPReply {
    private enum State { case unsent, streaming, ended }

    private let handler: ExchangeHandler
    private let context: ChannelHandlerContext
    private let request: RequestTraits
    private var state = State.unsent
    private var isConnected = true
    /// Nobody works on it any more: what comes on its stream comes from elsewhere.
    private(set) var isServed = false
    private var writable: CheckedContinuation<Void, Never>?
    private var keepAlive: Alarms.Alarm?
    /// Bytes of events that the agent has not taken yet.
    private var waiting = 0
    /// Beyond this a stream is cut: two of the largest answers.
    private static let mostWaiting = 32 << 20
    /// What serves the request; it may go on when the reply has ended.
    var task: Task<Void, Never>?
    /// The request is cancelled when the agent's connection ends before the reply.
    var endsWithConnection = false
    /// The event with which this side ends the stream.
    var lastWords: [UInt8]?
    /// Called once when the agent has gone or the stream was closed.
    var onClose: (() -> Void)?

    /// What a request decides about the form of its reply.
    struct RequestTraits {
        /// The connection serves another request after it.
        var keepsAlive: Bool
        /// The request was a HEAD.
        var omitsBody = false
        /// The agent understands `Transfer-Encoding: chunked`.
        var takesChunks = true
    }

    init(handler: ExchangeHandler, context: ChannelHandlerContext, request: RequestTraits) {
        self.handler = handler
        self.context = context
        self.request = request
    }

    /// A token that this connection has proved.
    struct Known {
        let authorization: [UInt8]
        let principal: Principal
        /// Of the revoked tokens by which it was judged.
        let generation: UInt64
    }

    /// The last one, for agents send the same with every request.
    var known: Known? {
        get { handler.known }
        set { handler.known = newValue }
    }

    /// What its agent said of itself last, where it has no session.
    var presence: KnownPresence? {
        get { handler.presence }
        set { handler.presence = newValue }
    }

    /// The bytes of the last `Host` of this connection that was found to be ours.
    var knownHost: [UInt8]? {
        get { handler.knownHost }
        set { handler.knownHost = newValue }
    }

    /// Counts the rejection among those of this loop.
    func count(_ rejection: Rejection) { handler.metrics.refused(rejection.label) }

    var isStreaming: Bool { state == .streaming }

    /// The agent is there, and more may be sent to it.
    var isOpen: Bool { isConnected && state != .ended }

    var eventLoop: any EventLoop { context.eventLoop }

    /// Cancels what serves the request; may be called on any thread.
    var stop: @Sendable () -> Void {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return { bound.eventLoop.execute { bound.value.task?.cancel() } }
    }

    /// Sends the whole reply.
    func send(_ status: HTTPResponseStatus, _ body: [UInt8] = [], headers: HTTPHeaders = [:]) {
        guard isConnected, state == .unsent else { return }
        state = .ended
        let out = handler.replies.filled(reserving: Self.usualHead + body.count) { out in
            writeHead(status, headers, to: &out)
            if !body.isEmpty { out.writeStaticString("content-type: application/json\r\n") }
            if status != .noContent {
                out.writeStaticString("content-length: ")
                out.write(decimal: body.count)
                out.writeStaticString("\r\n")
            }
            out.writeStaticString("\r\n")
            if !request.omitsBody { body.withUnsafeBytes { _ = out.writeBytes($0) } }
        }
        if request.keepsAlive { handler.write(whole: out, context) } else { handler.write(out, context) }
        finish()
    }

    /// The task that served the request is about to end.
    func wasServed() {
        isServed = true
        task = nil
        handler.served(self)
    }

    /// Starts a stream of events that is kept alive by a comment every `interval`, after which `onBeat` runs. The first comes earlier, at
    /// random: streams that begin together do not stay together.
    func stream(every interval: TimeAmount, onBeat: (() -> Void)? = nil) {
        guard isConnected, state == .unsent else { return }
        state = .streaming
        let out = handler.replies.filled(reserving: Self.usualHead) { out in
            writeHead(.ok, [:], to: &out)
            out.writeStaticString("content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n")
            if request.takesChunks { out.writeStaticString("transfer-encoding: chunked\r\n") }
            out.writeStaticString("\r\n")
        }
        handler.write(out, context)
        beat(in: .nanoseconds(.random(in: interval.nanoseconds / 2...interval.nanoseconds)), every: interval, onBeat)
    }

    private func beat(in delay: TimeAmount, every interval: TimeAmount, _ action: (() -> Void)?) {
        keepAlive = handler.alarms.set(in: delay) { [self] in
            guard isConnected, state == .streaming else { return }
            // Of the last beat at the latest.
            if waiting > 0 { handler.expectReader() }
            beat(in: interval, every: interval, action)
            put(ServerSentEvent.comment("keepalive"))
            action?()
        }
    }

    /// Ends the stream after that time, unless this is cancelled.
    func end(in time: TimeAmount) -> Alarms.Alarm { handler.alarms.set(in: time) { [self] in end() } }

    /// Sends one event on the stream.
    func event(_ data: [UInt8], name: String? = nil) {
        event(ServerSentEvent(name: name, data: data))
    }

    /// Sends one event on the stream.
    func event(_ event: ServerSentEvent) {
        guard isConnected, state == .streaming else { return }
        put(event.encoded())
    }

    /// Returns when the agent reads again, at once while it does, or at the deadline.
    func drained(until deadline: NIODeadline) async {
        guard isConnected, !context.channel.isWritable else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let limit = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.becameWritable() }
        await withCheckedContinuation { writable = $0 }
        limit.cancel()
    }

    /// Ends the stream.
    func end() {
        guard isConnected, state == .streaming else { return }
        if let lastWords { event(lastWords, name: "message") }
        state = .ended
        if request.takesChunks { handler.write(ByteBuffer(staticString: "0\r\n\r\n"), context) }
        finish()
    }

    /// Ends the stream because the node stops: its agent is to come back a little later, behind what it has had. The event has a name that
    /// no client knows, for some take any other for a message.
    func part(behind place: EventID? = nil) {
        event(ServerSentEvent(id: place?.text, name: "reconnect", data: [], retry: .random(in: DrainTerms.retry)))
        end()
    }

    func becameWritable() {
        writable?.resume()
        writable = nil
    }

    func disconnected() {
        guard isConnected else { return }
        isConnected = false
        stopped()
    }

    /// Bytes that most heads have room in.
    private static let usualHead = 256

    /// The status line and headers up to those of the body. All names and values are our own, none holds a line break.
    private func writeHead(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, to out: inout ByteBuffer) {
        if status == .ok {
            out.writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            out.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        }
        for (name, value) in headers { out.writeString("\(name): \(value)\r\n") }
        if !request.keepsAlive { out.writeStaticString("connection: close\r\n") }
    }

    private func put(_ bytes: [UInt8]) {
        let out = handler.replies.filled(reserving: bytes.count + 24) { out in
            if request.takesChunks { out.writeString(String(bytes.count, radix: 16) + "\r\n") }
            out.writeBytes(bytes)
            if request.takesChunks { out.writeStaticString("\r\n") }
        }
        waiting += bytes.count
        guard waiting <= Self.mostWaiting else { return context.close(promise: nil) }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        handler.send(out, context).whenComplete { _ in bound.value.waiting -= bytes.count }
    }

    private func finish() {
        stopped()
        handler.replyEnded(keepsAlive: request.keepsAlive, context)
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
