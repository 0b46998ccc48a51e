import NIOCore

/// The standard streams of a process: messages go out one by one, lines come in. Bound to its channel's event loop.
final class MessagePipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest line taken, in bytes.
    static let lineLimit = 16 * 1024 * 1024
    /// What may wait for a process that does not read: bytes, besides one message that is being written, and messages.
    static let queueLimit = (bytes: 8 * 1024 * 1024, messages: 2_048)

    private let stream: SharedStream
    private let eventLoop: any EventLoop
    private var reader = LineReader(limit: lineLimit)
    private var context: ChannelHandlerContext?
    private var queue = CircularBuffer<MessageWrite>()
    private var queuedBytes = 0
    private var writing: MessageWrite?
    private var isClosed = false

    init(_ stream: SharedStream, on eventLoop: any EventLoop) {
        self.stream = stream
        self.eventLoop = eventLoop
    }

    /// Lines that were too long.
    var passedOver: Int { reader.passedOver }

    /// Has the message written after those before it; what has not been begun by `deadline` is withdrawn.
    func write(_ message: [UInt8], before deadline: NIODeadline, _ done: ((HTTPFailure?) -> Void)? = nil) -> MessageWrite {
        let write = MessageWrite(message, done)
        if isClosed {
            write.finish(.unsent(.processEnded))
        } else if !queue.isEmpty, queuedBytes + write.bytes.readableBytes > Self.queueLimit.bytes {
            write.finish(.unsent(.busy))
        } else if queue.count >= Self.queueLimit.messages {
            write.finish(.unsent(.busy))
        } else {
            queue.append(write)
            queuedBytes += write.bytes.readableBytes
            pump()
            if writing != nil, done != nil { limit(write, until: deadline) }
        }
        return write
    }

    /// Gives the message up, which is surely not sent only where it has not been begun.
    func giveUp(_ write: MessageWrite, _ reason: HTTPFailure.Reason) {
        guard !write.hasBegun else { return write.finish(reason == .queueTimeout ? .timedOut : .broken(reason)) }
        guard let index = queue.firstIndex(where: { $0 === write }) else { return }
        queue.remove(at: index)
        queuedBytes -= write.bytes.readableBytes
        write.finish(.unsent(reason))
    }

    /// Closes the process's standard input; what is being written may get there or not.
    func closeInput() {
        isClosed = true
        failQueue()
        context?.close(mode: .output, promise: nil)
    }

    /// Closes both streams.
    func close() {
        isClosed = true
        context?.close(mode: .all, promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.read(unwrapInboundIn(data)) { line in
            guard let reply = stream.receive(line) else { return }
            _ = write(reply, before: .distantFuture)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        stream.end(.broken(.processEnded))
        failQueue()
    }

    private func limit(_ write: MessageWrite, until deadline: NIODeadline) {
        guard write === writing || queue.last === write else { return }
        write.timeout = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.giveUp(write, .queueTimeout) }
    }

    private func pump() {
        guard writing == nil, let context, let next = queue.popFirst() else { return }
        queuedBytes -= next.bytes.readableBytes
        writing = next
        next.hasBegun = true
        context.writeAndFlush(wrapOutboundOut(next.bytes)).assumeIsolated().whenComplete { result in self.wrote(next, result) }
    }

    /// A message that could not be written whole has no end, and a process that is gone reads nothing.
    private func wrote(_ write: MessageWrite, _ result: Result<Void, any Error>) {
        writing = nil
        if case .failure = result { write.finish(isClosed ? .broken(.processEnded) : .unsent(.processEnded)) } else { write.finish(nil) }
        pump()
    }

    private func failQueue() {
        let left = queue
        queue = []
        queuedBytes = 0
        for write in left { write.finish(.unsent(.processEnded)) }
    }
}
