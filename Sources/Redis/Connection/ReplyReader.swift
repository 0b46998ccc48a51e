import CHiredis
import NIOCore

/// hiredis' RESP2 reader, within our bounds, onto a tape that each reply is copied from at once.
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
    mutating func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw violation() }
        guard object != nil, let tape = satgate_reader_tape(reader) else {
            try checkBounds()
            return nil
        }
        defer { satgate_tape_clear(tape) }
        fed = satgate_reader_unread(reader)
        guard tape.pointee.strange == 0 else { throw .protocolViolation("a reply of type \(tape.pointee.strange)") }
        let count = tape.pointee.count
        return RedisReply(
            count: count, elements: UnsafeRawBufferPointer(start: tape.pointee.records, count: count * MemoryLayout<satgate_record>.stride),
            texts: UnsafeRawBufferPointer(start: tape.pointee.text, count: tape.pointee.length))
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
}
