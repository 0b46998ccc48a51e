import HTTPWire
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// One kept-alive connection to an origin: one exchange at a time, no pipelining.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Until `ready` is fulfilled.
        case opening
        case idle
        case busy(HTTPExchange)
        /// The rest of a response nobody wants any more: how many bytes of it may still come.
        case draining(Int)
        case closed
    }

    let eventLoop: any EventLoop
    private let pool: ConnectionPool
    private let limits: PoolLimits
    private let isSecure: Bool
    private var phase = Phase.opening
    private var context: ChannelHandlerContext?
    private var ready: EventLoopPromise<Void>?
    private var cause: HTTPFailure.Reason = .closed
    private var reader: ResponseReader
    /// What the response in progress says about the connection's future.
    private var keepsAlive = false
    private var isResponseRead = false
    /// Exchanges begun on this connection.
    private(set) var uses = 0
    /// When the present phase must be over; one lazily set alarm serves all phases.
    private var due = NIODeadline.distantFuture
    private var alarm: (at: NIODeadline, callback: NIOScheduledCallback)?

    /// `ready` is fulfilled when the first request may be sent.
    init(pool: ConnectionPool, eventLoop: any EventLoop, limits: PoolLimits, isSecure: Bool, ready: EventLoopPromise<Void>) {
        self.pool = pool
        self.eventLoop = eventLoop
        self.limits = limits
        self.isSecure = isSecure
        self.ready = ready
        reader = ResponseReader(HTTPLimits(head: limits.head), by: limits.codec)
    }

    /// What stands in the connection's pipeline: this, and what it reads by.
    var handlers: [any ChannelHandler] { [self] + reader.handlers }

    /// Sends the request; the answer must be whole before `deadline`.
    func start(_ request: ByteBuffer, deadline: NIODeadline) -> HTTPExchange {
        let exchange = HTTPExchange(on: self, eventLoop: eventLoop, isOnKept: uses > 0)
        guard case .idle = phase, let context else {
            exchange.received(failure: .unsent(.closed))
            return exchange
        }
        phase = .busy(exchange)
        uses += 1
        keepsAlive = false
        expect(by: deadline)
        let sent = eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess { exchange.isSent = true }
        context.write(wrapOutboundOut(request), promise: sent)
        pool.writes.flush(context)
        return exchange
    }

    /// The exchange in progress may take until then.
    func extend(to deadline: NIODeadline) {
        if case .busy = phase { expect(by: deadline) }
    }

    /// Reads on, now that someone asks for more.
    func readOn() { context?.read() }

    /// Reads what is left of the response, within bounds, and becomes idle again.
    func drain() {
        guard case .busy = phase else { return }
        phase = .draining(64 * 1024)
        expect(by: min(due, .now() + .seconds(2)))
        context?.read()
    }

    /// Closes the connection; an exchange in progress fails.
    func close() { context?.close(mode: .all, promise: nil) }

    /// True for a connection that can take a request.
    var isIdle: Bool { if case .idle = phase { true } else { false } }
}

/// Events of the channel.
extension HTTPConnection {
    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        if isSecure {
            expect(by: .now() + limits.connect)
        } else {
            opened()
        }
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { opened() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch phase {
        case .busy, .draining: reader.feed(unwrapInboundIn(data))
        case .opening, .idle, .closed: return close()  // the answer to nothing
        }
        do throws(HTTPViolation) {
            while !isResponseRead, let part = try reader.next() { received(part) }
        } catch {
            cause = .unreadable
            close()
        }
    }

    /// A connection is free only after the whole read: bytes behind a response must not pass for the next one's.
    func channelReadComplete(context: ChannelHandlerContext) {
        if isResponseRead { return settle() }
        switch phase {
        case .busy(let exchange):
            if exchange.wantsMore { context.read() }
        case .opening, .idle, .draining: context.read()
        case .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: cause = ready == nil ? .reset : .tls
        default: cause = .reset
        }
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if reader.closed() { received(.end) }
        if case .busy(let exchange) = phase { exchange.received(failure: exchange.isSent ? .broken(cause) : .unsent(cause)) }
        phase = .closed
        due = .distantFuture
        alarm?.callback.cancel()
        alarm = nil
        let wasReady = ready == nil
        // Only a TLS handshake lies between an open socket and readiness.
        ready?.fail(HTTPFailure.unsent(cause == .connectTimeout ? cause : .tls))
        ready = nil
        if wasReady { pool.lost(self) }
    }

    private func opened() {
        phase = .idle
        expect(by: .now() + limits.idle)
        ready?.succeed()
        ready = nil
    }

    private func received(_ part: ResponseReader.Part) {
        switch part {
        case .head(let head):
            keepsAlive = head.keepsAlive
            if case .busy(let exchange) = phase { exchange.received(head: head) }
        case .piece(let piece): received(piece)
        case .end:
            isResponseRead = true
            if case .busy(let exchange) = phase { exchange.receivedEnd() }
        }
    }

    private func received(_ piece: ByteBuffer) {
        switch phase {
        case .busy(let exchange): exchange.received(piece: piece)
        case .draining(let left):
            phase = .draining(left - piece.readableBytes)
            if left < piece.readableBytes { close() }
        case .opening, .idle, .closed: break
        }
    }

    /// The response has been read to its end: back to the pool, where both sides allow it.
    private func settle() {
        isResponseRead = false
        // What comes behind a response is the answer to nothing.
        keepsAlive = keepsAlive && !reader.hasBytes
        switch phase {
        case .busy(let exchange): keepsAlive && exchange.isSent ? becomeIdle() : close()
        case .draining: keepsAlive ? becomeIdle() : close()
        case .opening, .idle, .closed: close()
        }
    }

    private func becomeIdle() {
        phase = .idle
        expect(by: .now() + limits.idle)
        context?.read()
        pool.recycle(self)
    }
}

/// The alarm.
extension HTTPConnection: NIOScheduledCallbackHandler {
    /// The present phase must be over by then. An alarm that is set earlier is left alone: it sets itself again.
    private func expect(by deadline: NIODeadline) {
        due = deadline
        if let alarm {
            guard deadline < alarm.at else { return }
            alarm.callback.cancel()
        }
        setAlarm(deadline)
    }

    private func setAlarm(_ deadline: NIODeadline) {
        guard deadline != .distantFuture, let callback = try? eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
        else {
            alarm = nil
            return
        }
        alarm = (deadline, callback)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        guard due <= .now() else { return setAlarm(due) }
        alarm = nil
        switch phase {
        case .busy(let exchange): exchange.received(failure: exchange.isSent ? .timedOut : .unsent(.queueTimeout))
        case .opening: cause = .connectTimeout
        case .idle, .draining, .closed: break
        }
        close()
    }
}
