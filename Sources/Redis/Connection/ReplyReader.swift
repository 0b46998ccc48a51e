import CHiredis
import NIOCore

/// hiredis' RESP2 reader, within our bounds.
struct ReplyReader: ~Copyable {
    /// What one reply may be at most.
    struct Bounds {
        /// Of a whole reply.
        var bytes = 64 << 20
        /// Of a reply that is one line, or of a length's line.
        var line = 1 << 20
        /// Of one array.
        var elements: UInt64 = 1 << 20
        /// Arrays in arrays.
        var depth: Int32 = 7
    }

    private let reader: UnsafeMutablePointer<redisReader>
    private let bounds: Bounds
    /// Bytes fed since the last whole reply.
    private var fed = 0

    /// Nil when memory has run out.
    init?(bounds: Bounds = Bounds()) {
        guard let reader = satgate_reader_create(bounds.elements, bounds.depth) else { return nil }
        self.reader = reader
        self.bounds = bounds
    }

    deinit { satgate_reader_free(reader) }

    /// Takes in bytes of the socket.
    mutating func feed(_ buffer: ByteBuffer) throws(RedisError) {
        let status = buffer.withUnsafeReadableBytes { bytes in
            bytes.isEmpty ? REDIS_OK : redisReaderFeed(reader, bytes.assumingMemoryBound(to: CChar.self).baseAddress, bytes.count)
        }
        guard status == REDIS_OK else { throw violation() }
        fed += buffer.readableBytes
    }

    /// The next whole reply; nil while more bytes are needed.
    mutating func next() throws(RedisError) -> RedisValue? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw violation() }
        guard let object else {
            try checkBounds()
            return nil
        }
        defer { freeReplyObject(object) }
        fed = satgate_reader_unread(reader)
        return try Self.value(object.assumingMemoryBound(to: redisReply.self))
    }

    /// Throws where what has come of a reply already shows that it is too large.
    private func checkBounds() throws(RedisError) {
        let awaited = satgate_reader_awaited_bulk(reader)
        if fed > bounds.bytes || awaited > bounds.bytes { throw .protocolViolation("a reply over \(bounds.bytes) bytes") }
        if awaited < 0, satgate_reader_unread(reader) > bounds.line { throw .protocolViolation("a line over \(bounds.line) bytes") }
    }

    private func violation() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // What our own checks inside hiredis refuse shows as want of memory.
        let ours = text.isEmpty || text == "Out of memory"
        return .protocolViolation(ours ? "an array too large or too deep, or a string without its end" : text)
    }

    private static func value(_ reply: UnsafeMutablePointer<redisReply>) throws(RedisError) -> RedisValue {
        let type = reply.pointee.type
        switch type {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return .string(Array(bytes(of: reply)))
        case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
        case REDIS_REPLY_NIL: return .null
        case REDIS_REPLY_ERROR: return .error(String(decoding: bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY: return .array(try elements(of: reply))
        default: throw .protocolViolation("a reply of type \(type)")
        }
    }

    private static func bytes(of reply: UnsafeMutablePointer<redisReply>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
    }

    private static func elements(of reply: UnsafeMutablePointer<redisReply>) throws(RedisError) -> [RedisValue] {
        let count = Int(reply.pointee.elements)
        var values: [RedisValue] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            guard let element = reply.pointee.element?[index] else { throw .protocolViolation("an array without its elements") }
            values.append(try value(element))
        }
        return values
    }
}
