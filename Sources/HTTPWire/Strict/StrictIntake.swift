import NIOCore
import NIOHTTP1

/// What has come of one direction of a connection, read by NIOHTTP1 as its parts are asked for. Belongs to its event loop.
///
/// A decoder of NIO's needs a context, so it stands in the pipeline, behind the handler that asks: nothing of the socket comes to it there.
/// It is given no more than a line at a time, so that what lies behind a message's end is never begun.
final class StrictIntake<Part: Sendable, Answer: Sendable>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Part

    /// Takes the parts that the decoder makes.
    let parts = StrictParts<Part>()
    let limits: HTTPLimits
    let decoder: HTTPDecoder<Part, Answer>
    private var context: ChannelHandlerContext?
    /// What the decoder was not given yet.
    private var unread = ByteBuffer()
    /// What it was given and has not let go.
    private var given = ByteBuffer()
    /// Bytes that surely are of a body and need not be given by lines.
    private var body = 0
    private var endsWithConnection = false
    /// Bytes given since the last part that came of them: extensions of chunks have no bound of NIO's.
    private var barren = 0
    private var isInFirstLine = true
    /// Something of a head was given, and it is not whole.
    private var isInHead = false

    init(_ limits: HTTPLimits) {
        self.limits = limits
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldSize = limits.head
        bounds.maxHeaderListSize = limits.head
        bounds.maxHeaderFieldCount = limits.fields
        decoder = HTTPDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: bounds)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        decoder.decoderAdded(context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        decoder.decoderRemoved(context: context)
        self.context = nil
    }

    /// Takes in bytes of the socket.
    func feed(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            var bytes = bytes
            unread.writeBuffer(&bytes)
        }
    }

    /// True while bytes have come that no part was made of yet.
    var hasBytes: Bool { unread.readableBytes > 0 || isInHead }

    /// The head was read, behind which so many bytes are its body's; 0 where that is not known.
    func begin(body length: Int, endsWithConnection: Bool = false) {
        body = length
        self.endsWithConnection = endsWithConnection
        isInHead = false
    }

    /// The message was read to its end.
    func end() {
        body = 0
        isInFirstLine = true
        // Its memory is not kept while the message is worked on, which can take for ever.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        if given.readableBytes == 0 { given = ByteBuffer() }
    }

    /// The next part; nil while more bytes are needed.
    func next() throws(HTTPViolation) -> Part? {
        while parts.waiting.isEmpty {
            guard barren <= 2 * limits.head else { throw .fieldsTooLarge }
            guard let context, give() else { return nil }
            do { _ = try decoder.decode(context: context, buffer: &given) } catch { throw violation(error) }
        }
        barren = 0
        return parts.waiting.popFirst()
    }

    /// The sender has closed the connection: the last parts, where that was the end of a message.
    func closed() -> Part? {
        guard endsWithConnection, let context else { return nil }
        endsWithConnection = false
        _ = try? decoder.decodeLast(context: context, buffer: &given, seenEOF: true)
        return parts.waiting.popFirst()
    }

    /// Gives the decoder the rest of a line, or of a body; false where nothing is left.
    private func give() -> Bool {
        guard unread.readableBytes > 0 else { return false }
        let line = unread.withReadable { $0.index(of: Octet.lineFeed, from: 0) }.map { $0 + 1 }
        let length = body > 0 ? min(body, unread.readableBytes) : line ?? unread.readableBytes
        guard var more = unread.readSlice(length: length) else { return false }
        barren += length
        if body > 0 { body -= length } else { note(more, isLine: line != nil) }
        if given.readableBytes == 0 { given = more } else { given.writeBuffer(&more) }
        return true
    }

    /// Line ends in front of a head are none of it.
    private func note(_ line: ByteBuffer, isLine: Bool) {
        guard isInHead || isInFirstLine, isInHead || !line.readableBytesView.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) else { return }
        isInHead = true
        if isLine { isInFirstLine = false }
    }

    private func violation(_ error: any Error) -> HTTPViolation {
        guard case .headerOverflow? = error as? HTTPParserError else { return .malformed }
        return isInFirstLine ? .targetTooLong : .fieldsTooLarge
    }
}

/// Takes the parts that a decoder in front of it makes.
final class StrictParts<Part: Sendable>: ChannelInboundHandler {
    typealias InboundIn = Part

    fileprivate(set) var waiting = CircularBuffer<Part>()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { waiting.append(unwrapInboundIn(data)) }

    /// The decoder throws the same error.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
