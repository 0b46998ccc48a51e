import NIOCore

/// What has come of one direction of a connection, and how far its messages are read.
struct Intake {
    /// Something of a message behind its head.
    enum Rest {
        /// Of the body; never empty.
        case piece(ByteBuffer)
        case end
    }

    let limits: HTTPLimits
    private var buffer = ByteBuffer()
    private var headEnd = HeadEnd()
    /// Nil between two messages.
    private var body: BodyReader?

    init(_ limits: HTTPLimits) { self.limits = limits }

    /// Takes in bytes of the socket.
    mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            var bytes = bytes
            buffer.writeBuffer(&bytes)
        }
    }

    /// True while bytes have come that no part was made of yet.
    var hasBytes: Bool { buffer.readableBytes > 0 }

    /// True from a head on to the end of its body.
    var isInMessage: Bool { body != nil }

    /// True where only the end of the connection ends the body.
    var endsWithConnection: Bool { body?.endsWithConnection == true }

    /// A head has come whose body is of this form.
    mutating func begin(_ form: BodyForm) { body = BodyReader(form, limits) }

    /// The message is over.
    mutating func end() { body = nil }

    /// The next of the body; nil while more bytes are needed.
    mutating func rest() throws(HTTPViolation) -> Rest? {
        if let piece = try body?.next(&buffer) { return .piece(piece) }
        guard body?.isOver == true else { return nil }
        body = nil
        // Its memory is not kept while the message is worked on, which can take for ever.
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
        return .end
    }

    /// The next head, as `read` makes it of its bytes; nil while more bytes are needed.
    mutating func head<Head>(
        _ read: (UnsafeBufferPointer<UInt8>, HTTPLimits) throws(HTTPViolation) -> Head
    ) throws(HTTPViolation) -> Head? {
        guard let length = try headEnd.find(in: buffer, limits) else { return nil }
        headEnd = HeadEnd()
        let head = buffer.withReadable { [limits] bytes in
            Result { () throws(HTTPViolation) in try read(UnsafeBufferPointer(rebasing: bytes[..<length]), limits) }
        }
        buffer.moveReaderIndex(forwardBy: length)
        return try head.get()
    }

    /// RFC 9112 §2.2: some clients send a line end too much behind a body.
    mutating func skipEmptyLines() {
        while buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) == 0x0D0A { buffer.moveReaderIndex(forwardBy: 2) }
    }
}

extension HeadEnd {
    /// The length of the head at the beginning of the buffer; nil while more is needed. What can be no head is refused before it is whole.
    fileprivate mutating func find(in buffer: ByteBuffer, _ limits: HTTPLimits) throws(HTTPViolation) -> Int? {
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
