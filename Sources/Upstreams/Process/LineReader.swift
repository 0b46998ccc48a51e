import NIOCore

/// Cuts a stream of bytes into lines. A line over the limit is passed over.
struct LineReader {
    private let limit: Int
    private var line: [UInt8] = []
    private var isPassingOver = false
    /// Lines that were too long.
    private(set) var passedOver = 0

    /// `limit`: bytes of a line.
    init(limit: Int) { self.limit = limit }

    /// Takes the next bytes and calls back with each line they complete, without its end (LF or CRLF); empty ones are left out.
    mutating func read(_ bytes: ByteBuffer, _ found: ([UInt8]) -> Void) {
        var rest = bytes.readableBytesView
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end])
            finish(found)
            rest = rest[(end + 1)...]
        }
        append(rest)
    }

    private mutating func append(_ piece: ByteBufferView) {
        guard !isPassingOver else { return }
        guard line.count + piece.count <= limit else {
            isPassingOver = true
            line = []
            return
        }
        line.append(contentsOf: piece)
    }

    private mutating func finish(_ found: ([UInt8]) -> Void) {
        if isPassingOver {
            isPassingOver = false
            passedOver += 1
            return
        }
        if line.last == 0x0D { line.removeLast() }
        guard !line.isEmpty else { return }
        found(line)
        line.removeAll(keepingCapacity: line.capacity <= 65_536)
    }
}
