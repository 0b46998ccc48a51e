import NIOCore

/// Who is told what happens on a connection; always on its event loop.
protocol ConnectionOwner: AnyObject {
    func opened(_ connection: ConnectionHandler)
    func received(_ reply: RedisReply, on connection: ConnectionHandler)
    /// It has ended by itself; not called after `close()`.
    func closed(_ connection: ConnectionHandler, because error: RedisError)
}

/// One socket to Redis: its reader, and the bytes that leave with this turn of the loop.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Room for the commands of one turn, before it has to grow.
    private static let turn = 4_096

    private var owner: (any ConnectionOwner)?
    private var reader: ReplyReader
    private var context: ChannelHandlerContext?
    private var outgoing = ByteBuffer()
    private var flushing = false
    private var failure = RedisError.unavailable("the connection was closed")

    init(owner: any ConnectionOwner) throws(RedisError) {
        guard let reader = ReplyReader() else { throw .notSent("out of memory") }
        self.owner = owner
        self.reader = reader
    }

    /// Writes a command; what is written in one turn of the loop leaves together.
    func send(_ command: EncodedCommand) {
        command.withBytes { _ = outgoing.writeBytes($0) }
        guard !flushing, let context else { return }
        flushing = true
        context.eventLoop.assumeIsolated().execute { self.flush() }
    }

    /// Closes the socket, silently.
    func close() {
        owner = nil
        context?.close(promise: nil)
    }

    private func flush() {
        flushing = false
        guard let context, outgoing.readableBytes > 0 else { return }
        let bytes = outgoing
        outgoing = context.channel.allocator.buffer(capacity: Self.turn)
        context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
    }

    private func end(_ error: RedisError) {
        guard let owner else { return }
        close()
        owner.closed(self, because: error)
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        owner = nil
    }

    func channelActive(context: ChannelHandlerContext) { owner?.opened(self) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard owner != nil else { return }
        do throws(RedisError) {
            try reader.feed(Self.unwrapInboundIn(data))
            while let reply = try reader.next() {
                guard let owner else { return }
                owner.received(reply, on: self)
            }
        } catch {
            end(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = .unavailable("the connection failed: \(error)")
        end(failure)
    }

    func channelInactive(context: ChannelHandlerContext) { end(failure) }
}
