package import NIOCore

/// Reads one response after the other out of a connection's bytes, however they are cut. After it has thrown it is of no more use.
package struct ResponseReader {
    /// What the bytes bring.
    package enum Part: Sendable {
        case head(ResponseHead)
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

    /// The next part; nil while more bytes are needed. Interim responses are skipped.
    package mutating func next() throws(HTTPViolation) -> Part? {
        guard body != nil else { return try head() }
        if let piece = try body?.next(&buffer) { return .piece(piece) }
        guard body?.isOver == true else { return nil }
        body = nil
        return .end
    }

    /// The sender has closed the connection: true where that was the end of the response.
    package mutating func closed() -> Bool {
        guard body?.endsWithConnection == true else { return false }
        body = nil
        return true
    }

    private mutating func head() throws(HTTPViolation) -> Part? {
        while let length = try headEnd.find(in: buffer, limits) {
            headEnd = HeadEnd()
            let head = buffer.withReadable { [limits] bytes in
                Result { () throws(HTTPViolation) in try ResponseHead(UnsafeBufferPointer(rebasing: bytes[..<length]), limits) }
            }
            buffer.moveReaderIndex(forwardBy: length)
            let found = try head.get()
            guard !found.isInterim else { continue }
            body = BodyReader(found.body, limits)
            return .head(found)
        }
        return nil
    }
}
