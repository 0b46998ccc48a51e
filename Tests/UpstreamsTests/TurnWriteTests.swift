import NIOCore
import NIOEmbedded
import Testing

@testable import Upstreams

@Suite("What a turn of an event loop writes")
struct TurnWriteTests {
    /// Writes what it is given, to be sent at the end of the turn.
    private final class Writer: ChannelInboundHandler {
        typealias InboundIn = Never
        typealias OutboundOut = ByteBuffer
        private let writes: TurnWrites
        private var context: ChannelHandlerContext?

        init(_ writes: TurnWrites) { self.writes = writes }

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }

        func write(_ text: String, promise: EventLoopPromise<Void>? = nil) throws {
            let context = try #require(context)
            context.write(wrapOutboundOut(ByteBuffer(string: text)), promise: promise)
            writes.flush(context)
        }
    }

    private let loop = EmbeddedEventLoop()

    private func socket(_ writer: Writer) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        try channel.pipeline.syncOperations.addHandler(writer)
        return channel
    }

    @Test("is sent when the turn is over, from every socket in the order of its writes")
    func together() throws {
        let writes = TurnWrites(loop)
        let writers = [Writer(writes), Writer(writes)]
        let sockets = try writers.map(socket)
        for text in ["one", "two"] { for writer in writers { try writer.write(text) } }
        for socket in sockets { #expect(try socket.readOutbound(as: ByteBuffer.self) == nil, "the turn is not over") }
        loop.run()
        for socket in sockets {
            for text in ["one", "two"] { #expect(try socket.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: text)) }
        }
    }

    @Test("by who is told that it was sent goes out, too")
    func meanwhile() throws {
        let writer = Writer(TurnWrites(loop))
        let socket = try socket(writer)
        let sent = loop.makePromise(of: Void.self)
        try writer.write("first", promise: sent)
        sent.futureResult.assumeIsolated().whenSuccess { try? writer.write("second") }
        loop.run()
        #expect(try socket.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "first"))
        #expect(try socket.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "second"))
    }

    @Test("to a socket that has closed meanwhile harms no other")
    func closed() throws {
        let writes = TurnWrites(loop)
        let writers = [Writer(writes), Writer(writes)]
        let sockets = try writers.map(socket)
        for writer in writers { try writer.write("text") }
        sockets[0].close(promise: nil)
        loop.run()
        #expect(try sockets[1].readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "text"))
    }
}
