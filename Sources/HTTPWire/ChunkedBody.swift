import NIOCore

/// A body in chunks (RFC 9112 §7.1). Extensions are skipped, trailer fields are judged and thrown away.
struct ChunkedBody {
    private enum State {
        case size
        case data(Int)
        /// The CR LF behind a chunk's data.
        case dataEnd
        case trailer
        case over
    }

    /// Bytes of the line that tells a chunk's size.
    private static let longestSizeLine = 256
    /// Digits of a size: what fits an `Int` many times over.
    private static let mostDigits = 15

    private var state = State.size
    private let limits: HTTPLimits
    private var trailerEnd = HeadEnd()

    init(_ limits: HTTPLimits) { self.limits = limits }

    var isOver: Bool { if case .over = state { true } else { false } }

    /// The next piece of data; nil while more is needed or at the end.
    mutating func next(_ buffer: inout ByteBuffer) throws(HTTPViolation) -> ByteBuffer? {
        while true {
            switch state {
            case .size:
                guard let size = try Self.size(&buffer) else { return nil }
                state = size == 0 ? .trailer : .data(size)
            case .data(let left):
                guard let piece = buffer.readSlice(length: min(left, buffer.readableBytes)), piece.readableBytes > 0 else { return nil }
                state = piece.readableBytes == left ? .dataEnd : .data(left - piece.readableBytes)
                return piece
            case .dataEnd:
                guard try Self.skipLineEnd(&buffer) else { return nil }
                state = .size
            case .trailer:
                guard try skipTrailer(&buffer) else { return nil }
                state = .over
            case .over: return nil
            }
        }
    }

    /// Reads the line of a chunk's size; nil while it is not whole.
    private static func size(_ buffer: inout ByteBuffer) throws(HTTPViolation) -> Int? {
        let line = buffer.withReadable { bytes -> Result<(length: Int, size: Int)?, HTTPViolation> in
            guard let feed = bytes.index(of: Octet.lineFeed, from: 0) else {
                // What has come so far must be the beginning of such a line.
                return bytes.count > longestSizeLine || bytes.first.map({ Octet.hexadecimal($0) == nil }) ?? false
                    ? .failure(.malformed) : .success(nil)
            }
            guard feed > 0, feed <= longestSizeLine, bytes[feed - 1] == Octet.carriageReturn,
                let size = number(UnsafeBufferPointer(rebasing: bytes[..<(feed - 1)]))
            else { return .failure(.malformed) }
            return .success((feed + 1, size))
        }
        guard let line = try line.get() else { return nil }
        buffer.moveReaderIndex(forwardBy: line.length)
        return line.size
    }

    /// The size in `1f;name=value`.
    private static func number(_ line: UnsafeBufferPointer<UInt8>) -> Int? {
        var size = 0
        var digits = 0
        while digits < line.count, let digit = Octet.hexadecimal(line[digits]) {
            guard digits < mostDigits else { return nil }
            size = size << 4 | digit
            digits += 1
        }
        guard digits > 0, areExtensions(UnsafeBufferPointer(rebasing: line[digits...])) else { return nil }
        return size
    }

    /// `;name` or `;name=value`, any number of times, all tokens.
    private static func areExtensions(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        guard first == UInt8(ascii: ";") else { return false }
        return bytes.dropFirst().split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).allSatisfy { part in
            let words = part.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
            return words.count <= 2 && words.allSatisfy { !$0.isEmpty && $0.allSatisfy(Octet.isToken) }
        }
    }

    /// False while it has not come whole.
    private static func skipLineEnd(_ buffer: inout ByteBuffer) throws(HTTPViolation) -> Bool {
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return false }
        guard first == Octet.carriageReturn else { throw .malformed }
        guard let second = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt8.self) else { return false }
        guard second == Octet.lineFeed else { throw .malformed }
        buffer.moveReaderIndex(forwardBy: 2)
        return true
    }

    /// False while the trailer has not come whole.
    private mutating func skipTrailer(_ buffer: inout ByteBuffer) throws(HTTPViolation) -> Bool {
        let limits = limits
        var end = trailerEnd
        defer { trailerEnd = end }
        let length = buffer.withReadable { bytes -> Result<Int?, HTTPViolation> in
            do throws(HTTPViolation) {
                let length = try end.find(in: bytes)
                guard (length ?? bytes.count) <= limits.head else { throw .fieldsTooLarge }
                if let length { try Self.judgeTrailer(bytes, 0..<length - 2, limits) }
                return .success(length)
            } catch { return .failure(error) }
        }
        guard let length = try length.get() else { return false }
        buffer.moveReaderIndex(forwardBy: length)
        return true
    }

    /// A body is framed, and the connection's end told, ahead of it: not again behind it.
    private static func judgeTrailer(
        _ bytes: UnsafeBufferPointer<UInt8>, _ lines: Range<Int>, _ limits: HTTPLimits
    ) throws(HTTPViolation) {
        let framing = try Framing(bytes, lines, limit: limits.fields)
        guard framing.length == nil, !framing.isChunked, framing.saysNothingOfConnection else { throw .malformed }
    }
}

extension ByteBuffer {
    /// The readable bytes, typed.
    func withReadable<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        withUnsafeReadableBytes { body($0.assumingMemoryBound(to: UInt8.self)) }
    }
}
