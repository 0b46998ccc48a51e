import Glibc

extension UnsafeBufferPointer<UInt8> {
    /// Where the next such byte stands.
    func index(of byte: UInt8, from start: Int) -> Int? {
        guard start < count, let base = UnsafeRawPointer(baseAddress) else { return nil }
        return memchr(base + start, Int32(byte), count - start).map { UnsafeRawPointer($0) - base }
    }

    /// Where the CR LF stands that ends the line there; nil where it does not end so.
    func lineEnd(from start: Int) -> Int? {
        guard let feed = index(of: Octet.lineFeed, from: start), feed > start, self[feed - 1] == Octet.carriageReturn else { return nil }
        return feed - 1
    }
}

/// Looks for the empty line that ends a head, going on where it left off, so that a head that comes in many pieces is looked at once.
struct HeadEnd {
    /// Bytes already looked at.
    private var seen = 0
    /// Where the line begins that is not whole yet.
    private var line = 0

    /// The length of the head, its empty line included; nil while more is needed. A line feed without its carriage return is refused at once.
    mutating func find(in bytes: UnsafeBufferPointer<UInt8>) throws(HTTPViolation) -> Int? {
        while let feed = bytes.index(of: Octet.lineFeed, from: seen) {
            guard feed > line, bytes[feed - 1] == Octet.carriageReturn else { throw .malformed }
            seen = feed + 1
            if feed == line + 1 { return seen }
            line = seen
        }
        seen = bytes.count
        return nil
    }

    /// True while the first line is not whole.
    var isInFirstLine: Bool { line == 0 }
}
