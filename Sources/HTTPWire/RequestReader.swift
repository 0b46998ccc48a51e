package import NIOCore

/// Reads the requests of one connection out of its bytes, however they are cut. After it has thrown it is of no more use.
package struct RequestReader {
    /// What the bytes bring.
    package enum Part: Sendable {
        case head(RequestHead)
        /// Of the body; never empty.
        case piece(ByteBuffer)
        case end
    }

    private let limits: HTTPLimits
    private var buffer = ByteBuffer()
    private var headEnd = HeadEnd()
    /// Nil between two messages.
    private var body: BodyReader?

    package init(_ limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Takes in bytes of the socket.
    package mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            var bytes = bytes
            buffer.writeBuffer(&bytes)
        }
    }

    /// True while bytes have come that no part was made of yet.
    package var hasBytes: Bool { buffer.readableBytes > 0 }

    /// The next part; nil while more bytes are needed.
    package mutating func next() throws(HTTPViolation) -> Part? {
        guard body != nil else { return try head() }
        if let piece = try body?.next(&buffer) { return .piece(piece) }
        guard body?.isOver == true else { return nil }
        body = nil
        return .end
    }

    private mutating func head() throws(HTTPViolation) -> Part? {
        skipEmptyLines()
        guard let length = try headEnd.find(in: buffer, limits) else { return nil }
        headEnd = HeadEnd()
        let head = buffer.withReadable { [limits] bytes in
            Result { () throws(HTTPViolation) in try RequestHead(UnsafeBufferPointer(rebasing: bytes[..<length]), limits) }
        }
        buffer.moveReaderIndex(forwardBy: length)
        let found = try head.get()
        body = BodyReader(found.isChunked ? .chunked : .length(found.length ?? 0), limits)
        return .head(found)
    }

    /// RFC 9112 §2.2: some clients send a line end too much behind a body.
    private mutating func skipEmptyLines() {
        while buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) == 0x0D0A { buffer.moveReaderIndex(forwardBy: 2) }
    }
}

extension HeadEnd {
    /// The length of the head at the beginning of the buffer; nil while more is needed. What can be no head is refused before it is whole.
    mutating func find(in buffer: ByteBuffer, _ limits: HTTPLimits) throws(HTTPViolation) -> Int? {
        var end = self
        let found = buffer.withReadable { bytes in
            Result { () throws(HTTPViolation) -> Int? in
                if let first = bytes.first, !Octet.isToken(first), first != Octet.carriageReturn { throw .malformed }
                let length = try end.find(in: bytes)
                guard (length ?? bytes.count) <= limits.head else { throw end.isInFirstLine ? .targetTooLong : .fieldsTooLarge }
                return length
            }
        }
        self = end
        return try found.get()
    }
}
